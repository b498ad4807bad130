package io.caisson.ext4.library;

import java.util.Arrays;

/** An inode on disk (inodes.rst, {@code struct ext4_inode}), 256 bytes, with extended attributes in its second half. */
final class InodeRecord {
    static final int SIZE = 256;

    /** {@code i_extra_isize}: up to and including {@code i_projid}. */
    static final int EXTRA_ISIZE = 32;

    private static final int CLASSIC_SIZE = 128;

    /** Where extended attributes begin. */
    static final int EXTENDED = CLASSIC_SIZE + EXTRA_ISIZE;

    /** The size of {@code i_block}. */
    static final int BLOCK_BYTES = 60;

    private static final int I_MODE = 0x0;
    private static final int I_UID = 0x2;
    private static final int I_SIZE_LO = 0x4;
    private static final int I_ATIME = 0x8;
    private static final int I_CTIME = 0xC;
    private static final int I_MTIME = 0x10;
    private static final int I_GID = 0x18;
    private static final int I_LINKS_COUNT = 0x1A;
    private static final int I_BLOCKS_LO = 0x1C;
    private static final int I_FLAGS = 0x20;
    private static final int I_BLOCK = 0x28;
    private static final int I_FILE_ACL_LO = 0x68;
    private static final int I_SIZE_HIGH = 0x6C;
    private static final int L_I_BLOCKS_HIGH = 0x74;
    private static final int L_I_FILE_ACL_HIGH = 0x76;
    private static final int L_I_UID_HIGH = 0x78;
    private static final int L_I_GID_HIGH = 0x7A;
    private static final int L_I_CHECKSUM_LO = 0x7C;
    private static final int I_EXTRA_ISIZE = 0x80;
    private static final int I_CHECKSUM_HI = 0x82;
    private static final int I_CTIME_EXTRA = 0x84;
    private static final int I_MTIME_EXTRA = 0x88;
    private static final int I_ATIME_EXTRA = 0x8C;
    private static final int I_CRTIME = 0x90;
    private static final int I_CRTIME_EXTRA = 0x94;

    private static final int EXTENTS_FL = 0x80000;
    private static final int SECTOR = 512;
    private static final long MIN_SECONDS = Integer.MIN_VALUE;
    private static final long MAX_SECONDS = Integer.MIN_VALUE + (1L << 34) - 1;

    private final byte[] buffer = new byte[SIZE];
    private final Geometry geometry;
    private final Checksum checksum;

    InodeRecord(Geometry geometry, Checksum checksum) {
        this.geometry = geometry;
        this.checksum = checksum;
    }

    /** The inode's 256 bytes, valid until the next call. */
    byte[] encode(Inode inode) throws Ext4Exception {
        Arrays.fill(buffer, (byte) 0);
        LittleEndian.put16(buffer, I_MODE, inode.mode());
        LittleEndian.put16(buffer, I_UID, inode.uid);
        LittleEndian.put16(buffer, L_I_UID_HIGH, (inode.uid >>> Short.SIZE));
        LittleEndian.put16(buffer, I_GID, inode.gid);
        LittleEndian.put16(buffer, L_I_GID_HIGH, (inode.gid >>> Short.SIZE));
        LittleEndian.put32(buffer, I_SIZE_LO, (int) inode.size);
        LittleEndian.put32(buffer, I_SIZE_HIGH, (int) (inode.size >>> Integer.SIZE));
        LittleEndian.put16(buffer, I_LINKS_COUNT, links(inode));
        putTime(I_ATIME, I_ATIME_EXTRA, inode.accessed, inode.accessedNanos);
        putTime(I_CTIME, I_CTIME_EXTRA, inode.modified, inode.modifiedNanos);
        putTime(I_MTIME, I_MTIME_EXTRA, inode.modified, inode.modifiedNanos);
        putTime(I_CRTIME, I_CRTIME_EXTRA, inode.modified, inode.modifiedNanos);
        putContent(inode);
        LittleEndian.put16(buffer, I_EXTRA_ISIZE, EXTRA_ISIZE);
        ExtendedAttributes.encodeInInode(inode, buffer);
        return seal(inode.number);
    }

    /** An inode of which only the checksum is set: one of those reserved for features that are not in use. */
    byte[] encodeUnused(int number) {
        Arrays.fill(buffer, (byte) 0);
        LittleEndian.put16(buffer, I_EXTRA_ISIZE, EXTRA_ISIZE);
        return seal(number);
    }

    private byte[] seal(int number) {
        byte[] bytes = buffer;
        int sum = checksum.beginInode(number).add(bytes, 0, SIZE).value();
        LittleEndian.put16(buffer, L_I_CHECKSUM_LO, sum);
        LittleEndian.put16(buffer, I_CHECKSUM_HI, (sum >>> Short.SIZE));
        return bytes;
    }

    /** A directory with more subdirectories than the field counts has a count of 1 (feature dir_nlink). */
    private static int links(Inode inode) {
        if (inode.kind != FileKind.DIRECTORY) {
            return inode.links;
        }
        int links = inode.links + 2;
        return links > Inode.MAX_LINKS ? 1 : links;
    }

    private void putContent(Inode inode) {
        Extents extents = inode.extents;
        long blocks = (extents == null ? 0 : extents.blocks()) + inode.metadataBlocks;
        long sectors = blocks * (geometry.blockSize() / SECTOR);
        LittleEndian.put32(buffer, I_BLOCKS_LO, (int) sectors);
        LittleEndian.put16(buffer, L_I_BLOCKS_HIGH, (int) (sectors >>> Integer.SIZE));
        LittleEndian.put32(buffer, I_FILE_ACL_LO, (int) inode.extendedBlock);
        LittleEndian.put16(buffer, L_I_FILE_ACL_HIGH, (int) (inode.extendedBlock >>> Integer.SIZE));
        switch (inode.kind) {
            case REGULAR, DIRECTORY -> putExtents(inode);
            case SYMBOLIC_LINK -> {
                if (extents == null && inode.payload instanceof byte[] target) {
                    LittleEndian.putBytes(buffer, I_BLOCK, target);
                } else {
                    putExtents(inode);
                }
            }
            case CHARACTER_DEVICE, BLOCK_DEVICE -> {
                if (inode.payload instanceof Long device) {
                    putDevice((int) (device >>> Integer.SIZE), device.intValue());
                }
            }
            case FIFO, SOCKET -> {}
        }
    }

    private void putExtents(Inode inode) {
        LittleEndian.put32(buffer, I_FLAGS, EXTENTS_FL);
        byte[] root = inode.extentRoot;
        if (root != null) {
            LittleEndian.putBytes(buffer, I_BLOCK, root);
        } else {
            ExtentTree.encodeRoot(inode.extents, buffer, I_BLOCK);
        }
    }

    /** The kernel's two encodings of {@code dev_t}: 16 bits where they do, else 32 bits in the second word. */
    private void putDevice(int major, int minor) {
        if (major < 256 && minor < 256) {
            LittleEndian.put32(buffer, I_BLOCK, major << 8 | minor);
        } else {
            LittleEndian.put32(buffer, I_BLOCK + Integer.BYTES, (minor & 0xFF) | major << 8 | (minor & ~0xFF) << 12);
        }
    }

    /** Seconds in 32 bits and two bits more beside the nanoseconds (inodes.rst, "Inode Timestamps"). */
    private void putTime(int at, int extraAt, long seconds, int nanos) {
        long bounded = Math.clamp(seconds, MIN_SECONDS, MAX_SECONDS);
        int low = (int) bounded;
        int epoch = (int) ((bounded - low) >>> Integer.SIZE) & 3;
        LittleEndian.put32(buffer, at, low);
        LittleEndian.put32(buffer, extraAt, nanos << 2 | epoch);
    }
}
