package io.caisson.ext4.library;

/**
 * Where the groups' bitmaps and inode tables are. With flex_bg they may be anywhere (blockgroup.rst, "Flexible Block
 * Groups"): here all are together behind the content, so that content is written to its final place before anybody
 * knows how much of it comes, and an extent is not cut at every group.
 *
 * @param blocks blocks in the file system
 * @param groups block groups
 * @param inodesPerGroup inodes in each
 * @param metadataStart the first block bitmap, after which come the others, the inode bitmaps, the inode tables
 * @param tableBlocks blocks of one group's inode table
 * @param descriptorBlocks blocks of the group descriptors behind the superblock
 * @param usedInodes inodes in use, which are the first ones
 * @param freeBlocks blocks not in use
 */
record GroupLayout(
        long blocks,
        int groups,
        int inodesPerGroup,
        long metadataStart,
        int tableBlocks,
        long descriptorBlocks,
        int usedInodes,
        long freeBlocks) {

    /** As mke2fs has it. */
    private static final int LOG_GROUPS_PER_FLEX = 4;

    /** For a file system of a given size: the bitmaps and tables at its very end. */
    static GroupLayout ofSize(Geometry geometry, long bytes, int bytesPerInode) throws Ext4Exception {
        long blocks = bytes / geometry.blockSize();
        long groups = geometry.groups(blocks);
        long inodes = Math.max(bytes / bytesPerInode, Inode.FIRST_UNRESERVED + 1);
        return of(geometry, blocks, groups, roundInodes(geometry, Math.ceilDiv(inodes, groups)), blocks);
    }

    /** For content that ends before a block: as many groups as content, bitmaps and tables need. */
    static GroupLayout ofContent(Geometry geometry, long contentEnd, int inodes) throws Ext4Exception {
        long groups = Math.max(1, Math.ceilDiv(inodes, geometry.maxInodesPerGroup()));
        while (true) {
            int perGroup = roundInodes(geometry, Math.ceilDiv(inodes, groups));
            long metadata = groups * (2 + perGroup / geometry.inodesPerBlock());
            long end = contentEnd + metadata;
            long needed = geometry.groups(end);
            if (needed <= groups) {
                // More groups than the content needs come from many inodes: their blocks are holes.
                long blocks = needed == groups ? end : geometry.groupStart(groups);
                return of(geometry, blocks, groups, perGroup, end);
            }
            groups = needed;
        }
    }

    private static int roundInodes(Geometry geometry, long inodes) {
        // A group's part of the inode bitmap is whole bytes, its table whole blocks.
        int unit = Math.max(Byte.SIZE, geometry.inodesPerBlock());
        return (int) Math.min(Math.ceilDiv(inodes, unit) * unit, geometry.maxInodesPerGroup());
    }

    private static GroupLayout of(Geometry geometry, long blocks, long groups, int inodesPerGroup, long metadataEnd)
            throws Ext4Exception {
        if (groups * inodesPerGroup > 0xFFFF_FFFFL || groups > Integer.MAX_VALUE / GroupDescriptor.SIZE) {
            throw new Ext4Exception("a file system of " + blocks + " blocks with " + groups * inodesPerGroup
                    + " inodes is larger than this writer makes");
        }
        int tableBlocks = inodesPerGroup / geometry.inodesPerBlock();
        return new GroupLayout(
                blocks,
                (int) groups,
                inodesPerGroup,
                metadataEnd - groups * (2 + tableBlocks),
                tableBlocks,
                geometry.descriptorBlocks(groups),
                0,
                0);
    }

    GroupLayout withUse(int inodesInUse, long blocksFree) {
        return new GroupLayout(
                blocks, groups, inodesPerGroup, metadataStart, tableBlocks, descriptorBlocks, inodesInUse, blocksFree);
    }

    long inodes() {
        return (long) groups * inodesPerGroup;
    }

    long blockBitmap(int group) {
        return metadataStart + group;
    }

    long inodeBitmap(int group) {
        return metadataStart + groups + group;
    }

    long inodeTable(int group) {
        return metadataStart + 2L * groups + (long) group * tableBlocks;
    }

    long metadataEnd() {
        return metadataStart + (2L + tableBlocks) * groups;
    }

    /** {@code s_overhead_blocks}: what statfs does not count. */
    long overheadBlocks() {
        return 1 + descriptorBlocks + (2L + tableBlocks) * groups;
    }

    /**
     * {@code s_log_groups_per_flex}. Where the tables are the kernel takes from the group descriptors; this is how it
     * spreads directories, and how far it looks ahead before its first allocation (fs/ext4/mballoc.c,
     * ext4_mb_init_backend). With one flexible group for all it makes up the bitmaps of every group there is: of a 64 GiB
     * disk that takes an emulated guest 0.1 s.
     */
    int logGroupsPerFlex() {
        return LOG_GROUPS_PER_FLEX;
    }
}
