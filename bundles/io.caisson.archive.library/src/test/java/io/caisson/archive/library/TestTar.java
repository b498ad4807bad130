package io.caisson.archive.library;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/** Writes small tar archives, right and wrong ones. Names are Latin-1. */
public final class TestTar {
    private static final int BLOCK = 512;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private int mode = 0755;
    private long uid;
    private long gid;
    private long mtime = 1;
    private String device = "";

    /** Permissions and owner of the entries that follow. */
    public TestTar with(int permissions, long user, long group) {
        mode = permissions;
        uid = user;
        gid = group;
        return this;
    }

    /** Modification time of the entries that follow. */
    public TestTar at(long seconds) {
        mtime = seconds;
        return this;
    }

    /** A directory. */
    public TestTar directory(String name) {
        return entry('5', name, "", new byte[0]);
    }

    /** A regular file. */
    public TestTar file(String name, String content) {
        return entry('0', name, "", bytes(content));
    }

    /** An empty file, such as a whiteout. */
    public TestTar file(String name) {
        return file(name, "");
    }

    /** A symbolic link. */
    public TestTar symlink(String name, String target) {
        return entry('2', name, target, new byte[0]);
    }

    /** A hard link. */
    public TestTar link(String name, String target) {
        return entry('1', name, target, new byte[0]);
    }

    /** A device. */
    public TestTar device(char type, String name, int major, int minor) {
        device = String.format(Locale.ROOT, "%07o\0%07o\0", major, minor);
        entry(type, name, "", new byte[0]);
        device = "";
        return this;
    }

    /** A pax header of key=value records, for the entry that follows. */
    public TestTar pax(String... records) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (String record : records) {
            byte[] bytes = bytes(record);
            int length = bytes.length + 2;
            length += String.valueOf(length + String.valueOf(length).length()).length();
            content.writeBytes(bytes(length + " "));
            content.writeBytes(bytes);
            content.write('\n');
        }
        return entry('x', "pax", "", content.toByteArray());
    }

    /** Any entry, its names cut to what a header holds. */
    public TestTar entry(char type, String name, String linkName, byte[] content) {
        return raw(header(type, name, linkName, content.length)).raw(Arrays.copyOf(content, padded(content.length)));
    }

    /** A header alone, its checksum right. */
    public byte[] header(char type, String name, String linkName, long size) {
        byte[] header = new byte[BLOCK];
        put(header, 0, 100, name);
        put(header, 100, 8, octal(mode, 7));
        put(header, 108, 8, octal(uid, 7));
        put(header, 116, 8, octal(gid, 7));
        put(header, 124, 12, octal(size, 11));
        put(header, 136, 12, octal(mtime, 11));
        header[156] = (byte) type;
        put(header, 157, 100, linkName);
        put(header, 257, 8, "ustar\00000");
        put(header, 329, 16, device);
        return sum(header);
    }

    /** Sets a header's checksum. */
    public static byte[] sum(byte[] header) {
        Arrays.fill(header, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xFF;
        }
        put(header, 148, 8, octal(sum, 6) + "\0 ");
        return header;
    }

    /** Bytes as they are. */
    public TestTar raw(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }

    /** The archive so far, without an end. */
    public byte[] unended() {
        return out.toByteArray();
    }

    /** The whole archive. */
    public byte[] bytes() {
        return Arrays.copyOf(out.toByteArray(), out.size() + 2 * BLOCK);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static int padded(int size) {
        return (size + BLOCK - 1) / BLOCK * BLOCK;
    }

    private static String octal(long value, int digits) {
        return String.format(Locale.ROOT, "%0" + digits + "o", value);
    }

    private static void put(byte[] header, int at, int size, String text) {
        byte[] bytes = bytes(text);
        System.arraycopy(bytes, 0, header, at, Math.min(size, bytes.length));
    }
}
