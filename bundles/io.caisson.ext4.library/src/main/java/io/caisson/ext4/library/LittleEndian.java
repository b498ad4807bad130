package io.caisson.ext4.library;

/** Numbers in byte arrays, the low byte first, as everything in ext4 but the journal has them (overview.rst). */
final class LittleEndian {
    private LittleEndian() {}

    static void put16(byte[] bytes, int at, int value) {
        bytes[at] = (byte) value;
        bytes[at + 1] = (byte) (value >>> 8);
    }

    static void put32(byte[] bytes, int at, int value) {
        bytes[at] = (byte) value;
        bytes[at + 1] = (byte) (value >>> 8);
        bytes[at + 2] = (byte) (value >>> 16);
        bytes[at + 3] = (byte) (value >>> 24);
    }

    static int get32(byte[] bytes, int at) {
        return (bytes[at] & 0xFF)
                | (bytes[at + 1] & 0xFF) << 8
                | (bytes[at + 2] & 0xFF) << 16
                | (bytes[at + 3] & 0xFF) << 24;
    }

    static void putBytes(byte[] bytes, int at, byte[] value) {
        System.arraycopy(value, 0, bytes, at, value.length);
    }
}
