package io.caisson.ext4.library;

import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The checksums of {@code metadata_csum} (checksums.rst): CRC32C begun with all ones and not inverted at the end. All
 * but the superblock's begin with the file system's UUID.
 */
final class Checksum {
    private final CRC32C crc = new CRC32C();
    private final byte[] uuid;
    private final byte[] word = new byte[Integer.BYTES];

    Checksum(UUID uuid) {
        this.uuid = bytes(uuid);
    }

    /** A UUID's bytes in the order they are written. */
    static byte[] bytes(UUID uuid) {
        byte[] bytes = new byte[16];
        for (int i = 0; i < 8; i++) {
            bytes[i] = (byte) (uuid.getMostSignificantBits() >>> (56 - 8 * i));
            bytes[8 + i] = (byte) (uuid.getLeastSignificantBits() >>> (56 - 8 * i));
        }
        return bytes;
    }

    /** Begins a checksum without the UUID. */
    Checksum beginRaw() {
        crc.reset();
        return this;
    }

    /** Begins a checksum with the UUID. */
    Checksum begin() {
        crc.reset();
        crc.update(uuid);
        return this;
    }

    /** Begins a checksum that belongs to an inode, of generation 0. */
    Checksum beginInode(int inode) {
        return begin().add32(inode).add32(0);
    }

    Checksum add32(int value) {
        LittleEndian.put32(word, 0, value);
        crc.update(word);
        return this;
    }

    Checksum add(byte[] bytes, int offset, int length) {
        crc.update(bytes, offset, length);
        return this;
    }

    int value() {
        return ~(int) crc.getValue();
    }
}
