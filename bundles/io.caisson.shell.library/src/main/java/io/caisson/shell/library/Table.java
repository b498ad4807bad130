package io.caisson.shell.library;

import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Tables of records: a heading line, then a line for each row, columns two spaces apart, numbers to the right. */
final class Table {
    private static final String GAP = "  ";
    private static final int NARROWEST = 8;

    private Table() {}

    static String identifiers(Class<? extends Record> type, List<? extends Record> rows) {
        RecordComponent identifier = type.getRecordComponents()[0];
        var lines = new ArrayList<String>();
        for (Record row : rows) {
            lines.add(text(Records.get(row, identifier)));
        }
        return String.join("\n", lines);
    }

    static String render(Class<? extends Record> type, List<? extends Record> rows, int columns) {
        RecordComponent[] components = type.getRecordComponents();
        var cells = new ArrayList<List<String>>();
        cells.add(headings(components));
        for (Record row : rows) {
            var line = new ArrayList<String>();
            for (RecordComponent component : components) {
                line.add(text(Records.get(row, component)));
            }
            cells.add(line);
        }
        int[] widths = widths(cells, components.length, columns);
        var lines = new ArrayList<String>();
        for (List<String> line : cells) {
            lines.add(line(line, components, widths));
        }
        return String.join("\n", lines);
    }

    private static List<String> headings(RecordComponent[] components) {
        var headings = new ArrayList<String>();
        for (RecordComponent component : components) {
            headings.add(
                    component.getName().replaceAll("(?<=[a-z])(?=[A-Z])", " ").toUpperCase(Locale.ROOT));
        }
        return headings;
    }

    /** The contents' widths, the widest columns but the first narrowed until all fit. */
    private static int[] widths(List<List<String>> cells, int count, int columns) {
        int[] widths = new int[count];
        for (List<String> line : cells) {
            for (int i = 0; i < count; i++) {
                widths[i] = Math.max(widths[i], line.get(i).length());
            }
        }
        long total = (long) GAP.length() * (count - 1);
        for (int width : widths) {
            total += width;
        }
        while (total > columns) {
            int widest = -1;
            for (int i = 1; i < count; i++) {
                if (widths[i] > NARROWEST && (widest < 0 || widths[i] > widths[widest])) {
                    widest = i;
                }
            }
            if (widest < 0) {
                break;
            }
            widths[widest]--;
            total--;
        }
        return widths;
    }

    private static String line(List<String> cells, RecordComponent[] components, int[] widths) {
        var line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String cell = cells.get(i);
            if (cell.length() > widths[i]) {
                cell = cell.substring(0, widths[i] - 1) + "…";
            }
            int padding = widths[i] - cell.length();
            boolean right = isNumber(components[i].getType());
            if (i > 0) {
                line.append(GAP);
            }
            if (right) {
                line.repeat(" ", padding);
            }
            line.append(cell);
            if (!right) {
                line.repeat(" ", padding);
            }
        }
        return line.toString().stripTrailing();
    }

    private static boolean isNumber(Class<?> type) {
        return (type.isPrimitive() && type != boolean.class && type != char.class)
                || Number.class.isAssignableFrom(type)
                || type == ByteSize.class;
    }

    private static String text(@Nullable Object value) {
        return switch (value) {
            case null -> "";
            case Optional<?> optional -> optional.isPresent() ? text(optional.get()) : "";
            case Collection<?> collection -> {
                var parts = new ArrayList<String>();
                for (Object element : collection) {
                    parts.add(text(element));
                }
                yield String.join(" ", parts);
            }
            case Instant instant -> age(instant);
            case Enum<?> constant -> constant.name().toLowerCase(Locale.ROOT);
            default -> Printable.of(value.toString());
        };
    }

    /** How long ago, in the largest unit that fits. */
    private static String age(Instant instant) {
        long seconds = Math.max(0, Duration.between(instant, Instant.now()).toSeconds());
        if (seconds < 120) {
            return seconds + " s ago";
        }
        if (seconds < 2 * 3600) {
            return seconds / 60 + " min ago";
        }
        return seconds < 48 * 3600 ? seconds / 3600 + " h ago" : seconds / 86400 + " d ago";
    }
}
