package io.caisson.ext4.library;

import java.util.Arrays;

/**
 * Access control lists: in the system calls' form (Linux {@code posix_acl_xattr.h}, version 2, every entry with an id)
 * and in that of the disk ({@code fs/ext4/acl.h}, version 1, only users and groups by name with an id).
 */
final class PosixAcl {
    private static final int CALL_VERSION = 2;
    private static final int DISK_VERSION = 1;
    private static final int HEADER_SIZE = 4;
    private static final int CALL_ENTRY_SIZE = 8;
    private static final int SHORT_ENTRY_SIZE = 4;
    private static final int TAG_USER = 0x02;
    private static final int TAG_GROUP = 0x08;

    private PosixAcl() {}

    static byte[] toDisk(byte[] value) throws Ext4Exception {
        if (value.length < HEADER_SIZE
                || (value.length - HEADER_SIZE) % CALL_ENTRY_SIZE != 0
                || LittleEndian.get32(value, 0) != CALL_VERSION) {
            throw new Ext4Exception("an access control list of " + value.length + " bytes is not of version 2");
        }
        byte[] disk = new byte[value.length];
        LittleEndian.put32(disk, 0, DISK_VERSION);
        int to = HEADER_SIZE;
        for (int from = HEADER_SIZE; from < value.length; from += CALL_ENTRY_SIZE) {
            int tag = value[from] & 0xFF;
            int size = tag == TAG_USER || tag == TAG_GROUP ? CALL_ENTRY_SIZE : SHORT_ENTRY_SIZE;
            System.arraycopy(value, from, disk, to, size);
            to += size;
        }
        return Arrays.copyOf(disk, to);
    }
}
