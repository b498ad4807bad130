package io.caisson.shell.library;

import java.lang.reflect.RecordComponent;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes values as JSON (RFC 8259): records as objects, instants in ISO 8601, enum constants in lower case.
 * Control characters are escaped, also those that need not be: what is printed steers no terminal.
 */
public final class Json {
    private static final String HEX = "0123456789abcdef";

    private Json() {}

    /** The value as indented JSON, ending without a newline. */
    public static String write(@Nullable Object value) {
        var out = new StringBuilder();
        write(out, value, "\n");
        return out.toString();
    }

    private static void write(StringBuilder out, @Nullable Object value, String newline) {
        switch (value) {
            case null -> out.append("null");
            case Optional<?> optional -> write(out, optional.isPresent() ? optional.get() : null, newline);
            case ByteSize size -> out.append(size.bytes());
            case Record row -> record(out, row, newline);
            case Map<?, ?> map -> map(out, map, newline);
            case Collection<?> collection -> array(out, collection, newline);
            case Boolean truth -> out.append(truth);
            case Integer number -> out.append(number);
            case Long number -> out.append(number);
            case Enum<?> constant -> string(out, constant.name().toLowerCase(Locale.ROOT));
            default -> string(out, value.toString());
        }
    }

    private static void record(StringBuilder out, Record row, String newline) {
        out.append('{');
        String separator = "";
        for (RecordComponent component : row.getClass().getRecordComponents()) {
            out.append(separator).append(newline).append("  ");
            string(out, component.getName());
            out.append(": ");
            write(out, Records.get(row, component), newline + "  ");
            separator = ",";
        }
        out.append(newline).append('}');
    }

    private static void map(StringBuilder out, Map<?, ?> map, String newline) {
        out.append('{');
        String separator = "";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            out.append(separator).append(newline).append("  ");
            string(out, String.valueOf(entry.getKey()));
            out.append(": ");
            write(out, entry.getValue(), newline + "  ");
            separator = ",";
        }
        out.append(separator.isEmpty() ? "" : newline).append('}');
    }

    private static void array(StringBuilder out, Collection<?> elements, String newline) {
        out.append('[');
        String separator = "";
        for (Object element : elements) {
            out.append(separator).append(newline).append("  ");
            write(out, element, newline + "  ");
            separator = ",";
        }
        out.append(separator.isEmpty() ? "" : newline).append(']');
    }

    private static void string(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (Character.isISOControl(c)) {
                        out.append("\\u00").append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
