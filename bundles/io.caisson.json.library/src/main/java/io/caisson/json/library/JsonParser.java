package io.caisson.json.library;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Parses JSON by RFC 8259, and more strictly where the RFC leaves it open: UTF-8 only and well-formed (sections 8.1,
 * 8.2), no byte order mark, names unique within an object (section 4), bounded depth and number of values (section 9).
 * Whole numbers
 * that fit become {@link Long}, others {@link Double}.
 */
final class JsonParser {
    private static final int MAX_DEPTH = 64;

    /** Bounds the memory a small text can claim: a value of two bytes, such as {@code []}, takes twenty times that. */
    private static final int MAX_VALUES = 1 << 18;

    private static final String LONGEST_LONG = "-9223372036854775808";

    private final byte[] text;
    private int at;
    private int depth;
    private int values;

    JsonParser(byte[] text) {
        this.text = text;
    }

    JsonObject document() throws JsonException {
        if (next() != '{') {
            throw wrong("no object");
        }
        Map<String, Object> members = object();
        if (next() >= 0) {
            throw wrong("something after the end");
        }
        return new JsonObject(members, "");
    }

    private Object value() throws JsonException {
        int c = next();
        return switch (c) {
            case '{' -> object();
            case '[' -> array();
            case '"' -> string();
            case 't' -> literal("true", true);
            case 'f' -> literal("false", false);
            case 'n' -> literal("null", JsonObject.NULL);
            default -> {
                if (c == '-' || isDigit(c)) {
                    yield number();
                }
                throw wrong("no value");
            }
        };
    }

    private Map<String, Object> object() throws JsonException {
        enter();
        var members = new LinkedHashMap<String, Object>();
        if (next() != '}') {
            do {
                if (next() != '"') {
                    throw wrong("no member name");
                }
                int start = at;
                String name = string();
                if (next() != ':') {
                    throw wrong("no ':' after a member name");
                }
                at++;
                if (members.put(name, value()) != null) {
                    at = start;
                    throw wrong("member name given twice");
                }
            } while (another('}'));
        }
        leave();
        return members;
    }

    private List<Object> array() throws JsonException {
        enter();
        var elements = new ArrayList<Object>();
        if (next() != ']') {
            do {
                elements.add(value());
            } while (another(']'));
        }
        leave();
        return elements;
    }

    /** Whether a comma follows; else the container's end must. */
    private boolean another(char end) throws JsonException {
        count();
        int c = next();
        if (c == ',') {
            at++;
            return true;
        }
        if (c != end) {
            throw wrong("neither ',' nor '" + end + "'");
        }
        return false;
    }

    private void enter() throws JsonException {
        if (++depth > MAX_DEPTH) {
            throw wrong("nested more than " + MAX_DEPTH + " deep");
        }
        at++;
    }

    private void leave() {
        depth--;
        at++;
    }

    private void count() throws JsonException {
        if (++values > MAX_VALUES) {
            throw wrong("more than " + MAX_VALUES + " values");
        }
    }

    private Object literal(String word, Object value) throws JsonException {
        for (int i = 0; i < word.length(); i++) {
            if (at + i >= text.length || text[at + i] != word.charAt(i)) {
                throw wrong("no value");
            }
        }
        at += word.length();
        return value;
    }

    private Object number() throws JsonException {
        int start = at;
        if (peek() == '-') {
            at++;
        }
        if (peek() == '0') {
            at++;
        } else {
            digits();
        }
        boolean whole = true;
        if (peek() == '.') {
            whole = false;
            at++;
            digits();
        }
        if (peek() == 'e' || peek() == 'E') {
            whole = false;
            at++;
            if (peek() == '+' || peek() == '-') {
                at++;
            }
            digits();
        }
        String digits = new String(text, start, at - start, StandardCharsets.ISO_8859_1);
        if (whole && digits.length() <= LONGEST_LONG.length()) {
            try {
                return Long.valueOf(digits);
            } catch (NumberFormatException e) {
                // Beyond 64 bits with a sign. Foreign documents hold such numbers, in members nobody reads here.
                return Double.valueOf(digits);
            }
        }
        return Double.valueOf(digits);
    }

    private void digits() throws JsonException {
        if (!isDigit(peek())) {
            throw wrong("no digit");
        }
        while (isDigit(peek())) {
            at++;
        }
    }

    private static boolean isDigit(int c) {
        return c >= '0' && c <= '9';
    }

    private String string() throws JsonException {
        at++;
        int start = at;
        boolean ascii = true;
        while (at < text.length) {
            byte b = text[at];
            if (b == '"') {
                String plain = decode(start, at, ascii);
                at++;
                return plain;
            }
            if (b == '\\') {
                return escapedString(start, ascii);
            }
            if (b >= 0 && b < ' ') {
                throw wrong("control character in a string");
            }
            ascii &= b >= 0;
            at++;
        }
        throw wrong("string without an end");
    }

    /** The rest of a string whose first escape is at {@code at}. */
    private String escapedString(int start, boolean plainIsAscii) throws JsonException {
        var out = new StringBuilder(decode(start, at, plainIsAscii));
        while (at < text.length) {
            byte b = text[at];
            if (b == '"') {
                at++;
                return checkSurrogates(out, start);
            }
            if (b == '\\') {
                at++;
                out.append(escape());
                continue;
            }
            int plain = at;
            while (at < text.length && text[at] != '"' && text[at] != '\\') {
                if (text[at] >= 0 && text[at] < ' ') {
                    throw wrong("control character in a string");
                }
                at++;
            }
            out.append(decode(plain, at, false));
        }
        throw wrong("string without an end");
    }

    private char escape() throws JsonException {
        int c = peek();
        at++;
        return switch (c) {
            case '"', '\\', '/' -> (char) c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> {
                int unit = 0;
                for (int i = 0; i < 4; i++) {
                    int digit = peek() < 0 ? -1 : Character.digit((char) peek(), 16);
                    if (digit < 0) {
                        throw wrong("no hexadecimal digit");
                    }
                    unit = unit << 4 | digit;
                    at++;
                }
                yield (char) unit;
            }
            default -> {
                at--;
                throw wrong("no escape character");
            }
        };
    }

    private String checkSurrogates(StringBuilder out, int start) throws JsonException {
        boolean halfway = false;
        for (int i = 0; i < out.length(); i++) {
            char c = out.charAt(i);
            if (Character.isLowSurrogate(c) != halfway) {
                at = start;
                throw wrong("half a character in a string");
            }
            halfway = Character.isHighSurrogate(c);
        }
        if (halfway) {
            at = start;
            throw wrong("half a character in a string");
        }
        return out.toString();
    }

    private String decode(int from, int to, boolean ascii) throws JsonException {
        if (ascii) {
            return new String(text, from, to - from, StandardCharsets.ISO_8859_1);
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(text, from, to - from))
                    .toString();
        } catch (CharacterCodingException e) {
            at = from;
            throw wrong("string is not UTF-8");
        }
    }

    /** The next byte that is no white space, not consumed; -1 at the end. */
    private int next() {
        while (at < text.length) {
            byte b = text[at];
            if (b != ' ' && b != '\n' && b != '\t' && b != '\r') {
                return b & 0xff;
            }
            at++;
        }
        return -1;
    }

    private int peek() {
        return at < text.length ? text[at] & 0xff : -1;
    }

    private JsonException wrong(String problem) {
        return new JsonException((at >= text.length ? "ends too early" : problem) + " at offset " + at);
    }
}
