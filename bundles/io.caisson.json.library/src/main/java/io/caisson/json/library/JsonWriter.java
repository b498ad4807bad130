package io.caisson.json.library;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/**
 * Writes one JSON document without white space. Members come out in the order they are written; names are not checked
 * for being unique.
 */
public final class JsonWriter {
    private static final String HEX = "0123456789abcdef";

    private final StringBuilder out = new StringBuilder();
    private final Deque<Character> open = new ArrayDeque<>();
    private boolean first = true;

    /** Begins an object, as the document or as an element. */
    public JsonWriter object() {
        separate();
        return begin('{', '}');
    }

    /** Begins an object as a member. */
    public JsonWriter object(String name) {
        return name(name).begin('{', '}');
    }

    /** Begins an array as a member. */
    public JsonWriter array(String name) {
        return name(name).begin('[', ']');
    }

    /** Ends the object or array begun last. */
    public JsonWriter end() {
        out.append(open.pop());
        first = false;
        return this;
    }

    /** A member that is a string. */
    public JsonWriter member(String name, String value) {
        name(name).string(value);
        return this;
    }

    /** A member that is a whole number. */
    public JsonWriter member(String name, long value) {
        name(name).out.append(value);
        return this;
    }

    /** A member that is true or false. */
    public JsonWriter member(String name, boolean value) {
        name(name).out.append(value);
        return this;
    }

    /** A member that is an array of strings. */
    public JsonWriter member(String name, List<String> values) {
        array(name);
        for (String value : values) {
            element(value);
        }
        return end();
    }

    /** A member that is an object of strings, in the map's order. */
    public JsonWriter member(String name, Map<String, String> values) {
        object(name);
        values.forEach(this::member);
        return end();
    }

    /** An element that is a string. */
    public JsonWriter element(String value) {
        separate();
        string(value);
        return this;
    }

    /** The document, in UTF-8. */
    public byte[] bytes() {
        return toString().getBytes(StandardCharsets.UTF_8);
    }

    /** The document. */
    @Override
    public String toString() {
        if (!open.isEmpty()) {
            throw new IllegalStateException("unfinished: " + out);
        }
        return out.toString();
    }

    private JsonWriter begin(char opening, char closing) {
        out.append(opening);
        open.push(closing);
        first = true;
        return this;
    }

    private JsonWriter name(String name) {
        separate();
        string(name);
        out.append(':');
        return this;
    }

    private void separate() {
        if (!first) {
            out.append(',');
        }
        first = false;
    }

    private void string(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"', '\\' -> out.append('\\').append(c);
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < ' ') {
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
