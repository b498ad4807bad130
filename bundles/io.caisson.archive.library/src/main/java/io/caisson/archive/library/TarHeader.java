package io.caisson.archive.library;

import java.util.Arrays;

/**
 * A tar archive's 512-byte header (POSIX.1-2024, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format").
 * All fields but the names are numbers in text; the GNU form may have them in binary.
 */
final class TarHeader {
    static final int SIZE = 512;

    private static final int NAME = 0;
    private static final int NAME_SIZE = 100;
    private static final int MODE = 100;
    private static final int UID = 108;
    private static final int GID = 116;
    private static final int SIZE_FIELD = 124;
    private static final int MTIME = 136;
    private static final int CHKSUM = 148;
    private static final int TYPEFLAG = 156;
    private static final int LINKNAME = 157;
    private static final int MAGIC = 257;
    private static final int DEVMAJOR = 329;
    private static final int DEVMINOR = 337;
    private static final int PREFIX = 345;
    private static final int PREFIX_SIZE = 155;

    private static final byte[] USTAR = {'u', 's', 't', 'a', 'r', 0, '0', '0'};
    private static final byte[] GNU = {'u', 's', 't', 'a', 'r', ' ', ' ', 0};

    private final byte[] bytes = new byte[SIZE];
    private long offset;

    /** The array to read the next header into. */
    byte[] bytes() {
        return bytes;
    }

    /** Takes the bytes that were read as the header at an offset. */
    void at(long position) {
        offset = position;
    }

    boolean isZero() {
        for (byte b : bytes) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    /** Checks the sum over all bytes, its own field as spaces; some old programs added signed bytes. */
    void verify() throws ArchiveException {
        long unsigned = 0;
        long signed = 0;
        for (int i = 0; i < SIZE; i++) {
            byte b = i >= CHKSUM && i < CHKSUM + 8 ? (byte) ' ' : bytes[i];
            unsigned += b & 0xFF;
            signed += b;
        }
        long sum = number(CHKSUM, 8, "checksum");
        if (sum != unsigned && sum != signed) {
            throw new ArchiveException("not a tar header: its checksum is wrong", offset);
        }
    }

    char type() {
        return (char) (bytes[TYPEFLAG] & 0xFF);
    }

    byte[] name() {
        byte[] name = text(NAME, NAME_SIZE);
        if (hasMagic(USTAR) && bytes[PREFIX] != 0) {
            byte[] prefix = text(PREFIX, PREFIX_SIZE);
            byte[] whole = Arrays.copyOf(prefix, prefix.length + 1 + name.length);
            whole[prefix.length] = '/';
            System.arraycopy(name, 0, whole, prefix.length + 1, name.length);
            return whole;
        }
        return name;
    }

    byte[] linkName() {
        return text(LINKNAME, NAME_SIZE);
    }

    int permissions() throws ArchiveException {
        return (int) number(MODE, 8, "mode") & 0xFFF;
    }

    long uid() throws ArchiveException {
        return number(UID, 8, "uid");
    }

    long gid() throws ArchiveException {
        return number(GID, 8, "gid");
    }

    long size() throws ArchiveException {
        return number(SIZE_FIELD, 12, "size");
    }

    long mtime() throws ArchiveException {
        return number(MTIME, 12, "mtime");
    }

    long devMajor() throws ArchiveException {
        return hasDevices() ? number(DEVMAJOR, 8, "devmajor") : 0;
    }

    long devMinor() throws ArchiveException {
        return hasDevices() ? number(DEVMINOR, 8, "devminor") : 0;
    }

    private boolean hasDevices() {
        return hasMagic(USTAR) || hasMagic(GNU);
    }

    private boolean hasMagic(byte[] magic) {
        return Arrays.equals(bytes, MAGIC, MAGIC + magic.length, magic, 0, magic.length);
    }

    private byte[] text(int at, int size) {
        int end = at;
        while (end < at + size && bytes[end] != 0) {
            end++;
        }
        return Arrays.copyOfRange(bytes, at, end);
    }

    private long number(int at, int size, String field) throws ArchiveException {
        if ((bytes[at] & 0x80) != 0) {
            return binary(at, size, field);
        }
        int from = at;
        int to = at + size;
        while (from < to && isPadding(bytes[from])) {
            from++;
        }
        while (to > from && isPadding(bytes[to - 1])) {
            to--;
        }
        long value = 0;
        for (int i = from; i < to; i++) {
            int digit = bytes[i] - '0';
            if (digit < 0 || digit > 7 || value >>> 60 != 0) {
                throw new ArchiveException("tar header field " + field + " is not an octal number", offset);
            }
            value = (value << 3) | digit;
        }
        return value;
    }

    private static boolean isPadding(byte b) {
        return b == ' ' || b == 0;
    }

    /** GNU's form for large and negative numbers: the top bit set, the rest a two's complement number. */
    private long binary(int at, int size, String field) throws ArchiveException {
        long value = (bytes[at] & 0x40) != 0 ? -1 : 0;
        value = (value << 6) | (bytes[at] & 0x3F);
        for (int i = at + 1; i < at + size; i++) {
            long next = (value << 8) | (bytes[i] & 0xFF);
            if (next >> 8 != value) {
                throw new ArchiveException("tar header field " + field + " is too large", offset);
            }
            value = next;
        }
        return value;
    }
}
