package io.caisson.ext4.library;

/** A block group's descriptor (group_descr.rst, {@code struct ext4_group_desc}) in its 64-byte form. */
final class GroupDescriptor {
    static final int SIZE = 64;

    /** The group has no inodes in use and its inode bitmap is not written. */
    static final int INODE_UNINIT = 0x1;

    /** The group's blocks are all free and its block bitmap is not written. */
    static final int BLOCK_UNINIT = 0x2;

    /** The inode table needs no zeroing: a hole in the file reads as zeros. */
    static final int INODE_ZEROED = 0x4;

    private static final int BG_BLOCK_BITMAP_LO = 0x0;
    private static final int BG_INODE_BITMAP_LO = 0x4;
    private static final int BG_INODE_TABLE_LO = 0x8;
    private static final int BG_FREE_BLOCKS_COUNT_LO = 0xC;
    private static final int BG_FREE_INODES_COUNT_LO = 0xE;
    private static final int BG_USED_DIRS_COUNT_LO = 0x10;
    private static final int BG_FLAGS = 0x12;
    private static final int BG_BLOCK_BITMAP_CSUM_LO = 0x18;
    private static final int BG_INODE_BITMAP_CSUM_LO = 0x1A;
    private static final int BG_ITABLE_UNUSED_LO = 0x1C;
    private static final int BG_CHECKSUM = 0x1E;
    private static final int BG_BLOCK_BITMAP_HI = 0x20;
    private static final int BG_INODE_BITMAP_HI = 0x24;
    private static final int BG_INODE_TABLE_HI = 0x28;
    private static final int BG_FREE_BLOCKS_COUNT_HI = 0x2C;
    private static final int BG_FREE_INODES_COUNT_HI = 0x2E;
    private static final int BG_USED_DIRS_COUNT_HI = 0x30;
    private static final int BG_ITABLE_UNUSED_HI = 0x32;
    private static final int BG_BLOCK_BITMAP_CSUM_HI = 0x38;
    private static final int BG_INODE_BITMAP_CSUM_HI = 0x3A;

    long blockBitmap;
    long inodeBitmap;
    long inodeTable;
    int freeBlocks;
    int freeInodes;
    int usedDirectories;
    int unusedInodes;
    int flags;
    int blockBitmapChecksum;
    int inodeBitmapChecksum;

    /** Encodes the descriptor of a group into 64 zero bytes. */
    void encode(byte[] out, int at, int group, Checksum checksum) {
        putLocation(out, at + BG_BLOCK_BITMAP_LO, at + BG_BLOCK_BITMAP_HI, blockBitmap);
        putLocation(out, at + BG_INODE_BITMAP_LO, at + BG_INODE_BITMAP_HI, inodeBitmap);
        putLocation(out, at + BG_INODE_TABLE_LO, at + BG_INODE_TABLE_HI, inodeTable);
        putCount(out, at + BG_FREE_BLOCKS_COUNT_LO, at + BG_FREE_BLOCKS_COUNT_HI, freeBlocks);
        putCount(out, at + BG_FREE_INODES_COUNT_LO, at + BG_FREE_INODES_COUNT_HI, freeInodes);
        putCount(out, at + BG_USED_DIRS_COUNT_LO, at + BG_USED_DIRS_COUNT_HI, usedDirectories);
        putCount(out, at + BG_ITABLE_UNUSED_LO, at + BG_ITABLE_UNUSED_HI, unusedInodes);
        putCount(out, at + BG_BLOCK_BITMAP_CSUM_LO, at + BG_BLOCK_BITMAP_CSUM_HI, blockBitmapChecksum);
        putCount(out, at + BG_INODE_BITMAP_CSUM_LO, at + BG_INODE_BITMAP_CSUM_HI, inodeBitmapChecksum);
        LittleEndian.put16(out, at + BG_FLAGS, flags);
        int sum = checksum.begin().add32(group).add(out, at, SIZE).value();
        LittleEndian.put16(out, at + BG_CHECKSUM, sum);
    }

    // The fields are zero already, and most are to stay so: in an empty disk of many groups that is most of the work.

    private static void putLocation(byte[] out, int low, int high, long block) {
        LittleEndian.put32(out, low, (int) block);
        if (block >>> Integer.SIZE != 0) {
            LittleEndian.put32(out, high, (int) (block >>> Integer.SIZE));
        }
    }

    private static void putCount(byte[] out, int low, int high, int count) {
        if (count != 0) {
            LittleEndian.put16(out, low, count);
            LittleEndian.put16(out, high, count >>> Short.SIZE);
        }
    }
}
