package io.caisson.shell.library;

import java.util.List;
import java.util.Objects;

/**
 * Things to show, and how: what a listing command returns. Rows are records of one type; a column is a component, its
 * heading the component's name. The first column identifies a row.
 *
 * @param type the rows' type
 * @param rows the things
 * @param style how to show them
 */
public record Listing(Class<? extends Record> type, List<? extends Record> rows, Style style) {
    /** Copies the rows. */
    public Listing {
        Objects.requireNonNull(type, "type");
        rows = List.copyOf(rows);
        Objects.requireNonNull(style, "style");
    }

    /** How to show things. */
    public enum Style {
        /** A table no wider than the terminal. */
        TABLE,
        /** A table as wide as its contents. */
        WIDE_TABLE,
        /** The first column alone. */
        IDENTIFIERS,
        /** A JSON array of objects. */
        JSON
    }

    /** The text for a terminal of so many columns; ends without a newline. */
    public String render(int columns) {
        return switch (style) {
            case JSON -> Json.write(rows);
            case IDENTIFIERS -> Table.identifiers(type, rows);
            case TABLE -> Table.render(type, rows, columns);
            case WIDE_TABLE -> Table.render(type, rows, Integer.MAX_VALUE);
        };
    }

    /** As a table as wide as its contents need it. */
    @Override
    public String toString() {
        return render(Integer.MAX_VALUE);
    }
}
