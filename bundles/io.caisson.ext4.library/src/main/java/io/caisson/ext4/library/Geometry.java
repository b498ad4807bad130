package io.caisson.ext4.library;

/**
 * Sizes that everything else follows from (blockgroup.rst, blocks.rst).
 *
 * @param blockSize bytes in a block
 */
record Geometry(int blockSize) {
    /** The size of an inode on disk. The classic 128 bytes have no room for nanoseconds and checksums. */
    static final int INODE_SIZE = InodeRecord.SIZE;

    /** Where the superblock begins, whatever the block size. */
    static final int SUPERBLOCK_OFFSET = 1024;

    /** {@code s_first_data_block}: the block the superblock is in. */
    long firstDataBlock() {
        return blockSize == SUPERBLOCK_OFFSET ? 1 : 0;
    }

    int logBlockSize() {
        return Integer.numberOfTrailingZeros(blockSize) - 10;
    }

    /** As many as one block of bitmap has bits. */
    int blocksPerGroup() {
        return blockSize * 8;
    }

    int inodesPerBlock() {
        return blockSize / INODE_SIZE;
    }

    int maxInodesPerGroup() {
        return blockSize * 8;
    }

    /** How many groups a file system of so many blocks has. */
    long groups(long blocks) {
        return Math.ceilDiv(blocks - firstDataBlock(), blocksPerGroup());
    }

    /** The block a group begins with. */
    long groupStart(long group) {
        return firstDataBlock() + group * blocksPerGroup();
    }

    /** How many blocks the descriptors of so many groups take. */
    long descriptorBlocks(long groups) {
        return Math.ceilDiv(groups * GroupDescriptor.SIZE, blockSize);
    }

    long blocksFor(long bytes) {
        return Math.ceilDiv(bytes, blockSize);
    }
}
