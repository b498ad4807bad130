package io.caisson.archive.library;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A pax extended header (POSIX.1-2024, pax, "pax Extended Header"): records of a decimal length, a space, a keyword, an
 * equals sign, a value and a newline.
 */
final class PaxRecords {
    private static final String XATTR = "SCHILY.xattr.";
    private static final String SPARSE = "GNU.sparse.";

    private final Map<String, byte[]> records = new HashMap<>();
    private final Map<String, byte[]> extended = new HashMap<>();
    private final long offset;

    /**
     * Reads a header's content.
     *
     * @param offset where it begins in the archive
     */
    PaxRecords(byte[] content, long offset) throws ArchiveException {
        this.offset = offset;
        int at = 0;
        while (at < content.length) {
            at = readRecord(content, at);
        }
    }

    private int readRecord(byte[] content, int start) throws ArchiveException {
        int at = start;
        int length = 0;
        while (at < content.length && content[at] >= '0' && content[at] <= '9' && length <= content.length) {
            length = length * 10 + content[at] - '0';
            at++;
        }
        int end = start + length;
        int key = at + 1;
        if (at == start
                || at >= content.length
                || content[at] != ' '
                || length > content.length - start
                || end <= key
                || content[end - 1] != '\n') {
            throw new ArchiveException("pax header record is malformed", offset + start);
        }
        int equals = key;
        while (equals < end && content[equals] != '=') {
            equals++;
        }
        if (equals == key || equals >= end) {
            throw new ArchiveException("pax header record has no keyword", offset + start);
        }
        put(
                new String(content, key, equals - key, StandardCharsets.UTF_8),
                Arrays.copyOfRange(content, equals + 1, end - 1));
        return end;
    }

    private void put(String keyword, byte[] value) throws ArchiveException {
        if (keyword.startsWith(XATTR)) {
            extended.put(keyword.substring(XATTR.length()), value);
        } else if (keyword.startsWith(SPARSE)) {
            throw new ArchiveException("sparse files in pax form are not supported", offset);
        } else {
            records.put(keyword, value);
        }
    }

    /** Extended attributes by full name. */
    Map<String, byte[]> extended() {
        return extended;
    }

    /** A path; the header's own when there is none or an empty one. */
    byte[] path(String keyword, byte[] otherwise) throws ArchiveException {
        byte[] value = value(keyword);
        if (value == null) {
            return otherwise;
        }
        for (byte b : value) {
            if (b == 0) {
                throw new ArchiveException("pax header value of " + keyword + " has a NUL", offset);
            }
        }
        return value;
    }

    /** A whole number. */
    long number(String keyword, long otherwise) throws ArchiveException {
        byte[] value = value(keyword);
        if (value == null) {
            return otherwise;
        }
        try {
            return Long.parseLong(new String(value, StandardCharsets.US_ASCII));
        } catch (NumberFormatException e) {
            throw malformed(keyword, e);
        }
    }

    /** A time: seconds since 1970, with a fraction. */
    @Nullable
    Instant time(String keyword) throws ArchiveException {
        byte[] value = value(keyword);
        if (value == null) {
            return null;
        }
        String text = new String(value, StandardCharsets.US_ASCII);
        try {
            int point = text.indexOf('.');
            if (point < 0) {
                return Instant.ofEpochSecond(Long.parseLong(text));
            }
            String whole = text.substring(0, point);
            long seconds = whole.equals("-") || whole.isEmpty() ? 0 : Long.parseLong(whole);
            long nanos = nanos(text, point + 1);
            return text.startsWith("-")
                    ? Instant.ofEpochSecond(seconds, -nanos)
                    : Instant.ofEpochSecond(seconds, nanos);
        } catch (NumberFormatException | DateTimeException e) {
            throw malformed(keyword, e);
        }
    }

    private static long nanos(String text, int from) {
        long nanos = 0;
        for (int i = 0; i < 9; i++) {
            nanos *= 10;
            if (from + i < text.length()) {
                nanos += digit(text.charAt(from + i));
            }
        }
        for (int i = from + 9; i < text.length(); i++) {
            digit(text.charAt(i));
        }
        return nanos;
    }

    private static int digit(char c) {
        if (c < '0' || c > '9') {
            throw new NumberFormatException("not a digit: " + c);
        }
        return c - '0';
    }

    private byte @Nullable [] value(String keyword) {
        byte[] value = records.get(keyword);
        return value == null || value.length == 0 ? null : value;
    }

    private ArchiveException malformed(String keyword, RuntimeException cause) {
        var exception = new ArchiveException("pax header value of " + keyword + " is not a number", offset);
        exception.initCause(cause);
        return exception;
    }
}
