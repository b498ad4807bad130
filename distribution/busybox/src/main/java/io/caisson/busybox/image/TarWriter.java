package io.caisson.busybox.image;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;

/**
 * Writes a ustar archive (POSIX.1-2017, pax, "ustar Interchange Format") in memory. Everything belongs to root and has
 * the same time, so that the same files give the same bytes. Paths of more than 100 bytes are not supported.
 */
final class TarWriter {
    private static final int BLOCK = 512;
    private static final int MAX_PATH = 100;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final long modified;

    TarWriter(Instant modified) {
        this.modified = modified.getEpochSecond();
    }

    void directory(String path, int mode) {
        header(path + "/", '5', mode, 0, "");
    }

    void file(String path, int mode, byte[] content) {
        header(path, '0', mode, content.length, "");
        out.writeBytes(content);
        out.writeBytes(new byte[-content.length & (BLOCK - 1)]);
    }

    void hardLink(String path, int mode, String target) {
        header(path, '1', mode, 0, target);
    }

    void symbolicLink(String path, String target) {
        header(path, '2', 0777, 0, target);
    }

    /** The archive, ended by two blocks of zeros. */
    byte[] finish() {
        out.writeBytes(new byte[2 * BLOCK]);
        return out.toByteArray();
    }

    /** Fields by offset: name, mode, uid, gid, size, mtime, chksum, typeflag, linkname, magic, version. */
    private void header(String path, char type, int mode, long size, String linkName) {
        byte[] header = new byte[BLOCK];
        text(header, 0, path);
        octal(header, 100, 8, mode);
        octal(header, 108, 8, 0);
        octal(header, 116, 8, 0);
        octal(header, 124, 12, size);
        octal(header, 136, 12, modified);
        header[156] = (byte) type;
        text(header, 157, linkName);
        text(header, 257, "ustar\0" + "00");
        text(header, 265, "root");
        text(header, 297, "root");
        octal(header, 329, 8, 0);
        octal(header, 337, 8, 0);
        // The sum counts its own field as blanks.
        Arrays.fill(header, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xff;
        }
        octal(header, 148, 7, sum);
        out.writeBytes(header);
    }

    private static void text(byte[] header, int offset, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length > MAX_PATH) {
            throw new IllegalArgumentException("too long for ustar: " + text);
        }
        System.arraycopy(bytes, 0, header, offset, bytes.length);
    }

    /** A number in octal digits and a zero byte. */
    private static void octal(byte[] header, int offset, int length, long value) {
        text(header, offset, String.format(Locale.ROOT, "%0" + (length - 1) + "o", value));
    }
}
