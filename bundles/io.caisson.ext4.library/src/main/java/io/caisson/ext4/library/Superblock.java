package io.caisson.ext4.library;

import java.util.UUID;

/**
 * The superblock (super.rst, {@code struct ext4_super_block}). Only what the writer sets is named; everything else is
 * zero: no journal, no quota, no encryption, no multiple-mount protection.
 */
final class Superblock {
    static final int SIZE = 1024;
    static final int MAGIC = 0xEF53;

    private static final int S_INODES_COUNT = 0x0;
    private static final int S_BLOCKS_COUNT_LO = 0x4;
    private static final int S_FREE_BLOCKS_COUNT_LO = 0xC;
    private static final int S_FREE_INODES_COUNT = 0x10;
    private static final int S_FIRST_DATA_BLOCK = 0x14;
    private static final int S_LOG_BLOCK_SIZE = 0x18;
    private static final int S_LOG_CLUSTER_SIZE = 0x1C;
    private static final int S_BLOCKS_PER_GROUP = 0x20;
    private static final int S_CLUSTERS_PER_GROUP = 0x24;
    private static final int S_INODES_PER_GROUP = 0x28;
    private static final int S_WTIME = 0x30;
    private static final int S_MAX_MNT_COUNT = 0x36;
    private static final int S_MAGIC = 0x38;
    private static final int S_STATE = 0x3A;
    private static final int S_ERRORS = 0x3C;
    private static final int S_LASTCHECK = 0x40;
    private static final int S_REV_LEVEL = 0x4C;
    private static final int S_FIRST_INO = 0x54;
    private static final int S_INODE_SIZE = 0x58;
    private static final int S_FEATURE_COMPAT = 0x5C;
    private static final int S_FEATURE_INCOMPAT = 0x60;
    private static final int S_FEATURE_RO_COMPAT = 0x64;
    private static final int S_UUID = 0x68;
    private static final int S_VOLUME_NAME = 0x78;
    private static final int S_HASH_SEED = 0xEC;
    private static final int S_DEF_HASH_VERSION = 0xFC;
    private static final int S_DESC_SIZE = 0xFE;
    private static final int S_DEFAULT_MOUNT_OPTS = 0x100;
    private static final int S_MKFS_TIME = 0x108;
    private static final int S_BLOCKS_COUNT_HI = 0x150;
    private static final int S_FREE_BLOCKS_COUNT_HI = 0x158;
    private static final int S_MIN_EXTRA_ISIZE = 0x15C;
    private static final int S_WANT_EXTRA_ISIZE = 0x15E;
    private static final int S_FLAGS = 0x160;
    private static final int S_LOG_GROUPS_PER_FLEX = 0x174;
    private static final int S_CHECKSUM_TYPE = 0x175;
    private static final int S_OVERHEAD_BLOCKS = 0x248;
    private static final int S_WTIME_HI = 0x274;
    private static final int S_MKFS_TIME_HI = 0x276;
    private static final int S_LASTCHECK_HI = 0x277;
    private static final int S_CHECKSUM = 0x3FC;

    private static final int COMPAT_EXT_ATTR = 0x8;
    private static final int COMPAT_DIR_INDEX = 0x20;
    /** With {@code s_backup_bgs} both zero: the superblock and the descriptors have no copies. */
    private static final int COMPAT_SPARSE_SUPER2 = 0x200;

    private static final int INCOMPAT_FILETYPE = 0x2;
    private static final int INCOMPAT_EXTENTS = 0x40;
    private static final int INCOMPAT_64BIT = 0x80;
    private static final int INCOMPAT_FLEX_BG = 0x200;

    private static final int RO_COMPAT_LARGE_FILE = 0x2;
    private static final int RO_COMPAT_HUGE_FILE = 0x8;
    private static final int RO_COMPAT_DIR_NLINK = 0x20;
    private static final int RO_COMPAT_EXTRA_ISIZE = 0x40;
    private static final int RO_COMPAT_METADATA_CSUM = 0x400;

    private static final int STATE_CLEAN = 1;
    private static final int ERRORS_CONTINUE = 1;
    private static final int REVISION_DYNAMIC = 1;
    private static final int HASH_HALF_MD4 = 1;
    private static final int FLAG_SIGNED_DIRECTORY_HASH = 1;
    private static final int DEFAULT_MOUNT_XATTR_USER = 0x4;
    private static final int DEFAULT_MOUNT_ACL = 0x8;
    private static final int CHECKSUM_CRC32C = 1;

    private Superblock() {}

    /** Encodes the superblock into 1024 zero bytes. */
    static void encode(byte[] out, Ext4Options options, Geometry geometry, GroupLayout layout, Checksum checksum) {
        putCounts(out, geometry, layout);
        putFeatures(out);
        putIdentity(out, options);
        LittleEndian.put32(out, S_FIRST_INO, Inode.FIRST_UNRESERVED);
        LittleEndian.put16(out, S_INODE_SIZE, Geometry.INODE_SIZE);
        LittleEndian.put16(out, S_DESC_SIZE, GroupDescriptor.SIZE);
        LittleEndian.put16(out, S_MIN_EXTRA_ISIZE, InodeRecord.EXTRA_ISIZE);
        LittleEndian.put16(out, S_WANT_EXTRA_ISIZE, InodeRecord.EXTRA_ISIZE);
        LittleEndian.put16(out, S_MAGIC, MAGIC);
        LittleEndian.put16(out, S_STATE, STATE_CLEAN);
        LittleEndian.put16(out, S_ERRORS, ERRORS_CONTINUE);
        LittleEndian.put16(out, S_MAX_MNT_COUNT, -1);
        LittleEndian.put32(out, S_REV_LEVEL, REVISION_DYNAMIC);
        LittleEndian.put32(out, S_DEFAULT_MOUNT_OPTS, DEFAULT_MOUNT_XATTR_USER | DEFAULT_MOUNT_ACL);
        out[S_CHECKSUM_TYPE] = (byte) CHECKSUM_CRC32C;
        LittleEndian.put32(
                out, S_CHECKSUM, checksum.beginRaw().add(out, 0, S_CHECKSUM).value());
    }

    private static void putCounts(byte[] out, Geometry geometry, GroupLayout layout) {
        LittleEndian.put32(out, S_INODES_COUNT, (int) layout.inodes());
        LittleEndian.put32(out, S_BLOCKS_COUNT_LO, (int) layout.blocks());
        LittleEndian.put32(out, S_BLOCKS_COUNT_HI, (int) (layout.blocks() >>> Integer.SIZE));
        LittleEndian.put32(out, S_FREE_BLOCKS_COUNT_LO, (int) layout.freeBlocks());
        LittleEndian.put32(out, S_FREE_BLOCKS_COUNT_HI, (int) (layout.freeBlocks() >>> Integer.SIZE));
        LittleEndian.put32(out, S_FREE_INODES_COUNT, (int) (layout.inodes() - layout.usedInodes()));
        LittleEndian.put32(out, S_FIRST_DATA_BLOCK, (int) geometry.firstDataBlock());
        LittleEndian.put32(out, S_LOG_BLOCK_SIZE, geometry.logBlockSize());
        LittleEndian.put32(out, S_LOG_CLUSTER_SIZE, geometry.logBlockSize());
        LittleEndian.put32(out, S_BLOCKS_PER_GROUP, geometry.blocksPerGroup());
        LittleEndian.put32(out, S_CLUSTERS_PER_GROUP, geometry.blocksPerGroup());
        LittleEndian.put32(out, S_INODES_PER_GROUP, layout.inodesPerGroup());
        out[S_LOG_GROUPS_PER_FLEX] = (byte) layout.logGroupsPerFlex();
        LittleEndian.put32(out, S_OVERHEAD_BLOCKS, (int) layout.overheadBlocks());
    }

    private static void putFeatures(byte[] out) {
        LittleEndian.put32(out, S_FEATURE_COMPAT, COMPAT_EXT_ATTR | COMPAT_DIR_INDEX | COMPAT_SPARSE_SUPER2);
        LittleEndian.put32(
                out, S_FEATURE_INCOMPAT, INCOMPAT_FILETYPE | INCOMPAT_EXTENTS | INCOMPAT_64BIT | INCOMPAT_FLEX_BG);
        LittleEndian.put32(
                out,
                S_FEATURE_RO_COMPAT,
                RO_COMPAT_LARGE_FILE
                        | RO_COMPAT_HUGE_FILE
                        | RO_COMPAT_DIR_NLINK
                        | RO_COMPAT_EXTRA_ISIZE
                        | RO_COMPAT_METADATA_CSUM);
    }

    private static void putIdentity(byte[] out, Ext4Options options) {
        LittleEndian.putBytes(out, S_UUID, Checksum.bytes(options.uuid()));
        LittleEndian.putBytes(out, S_VOLUME_NAME, options.label());
        UUID seed = options.hashSeed();
        LittleEndian.putBytes(out, S_HASH_SEED, Checksum.bytes(seed));
        out[S_DEF_HASH_VERSION] = (byte) HASH_HALF_MD4;
        LittleEndian.put32(out, S_FLAGS, FLAG_SIGNED_DIRECTORY_HASH);
        long time = options.time();
        LittleEndian.put32(out, S_WTIME, (int) time);
        out[S_WTIME_HI] = (byte) (time >>> Integer.SIZE);
        LittleEndian.put32(out, S_LASTCHECK, (int) time);
        out[S_LASTCHECK_HI] = (byte) (time >>> Integer.SIZE);
        LittleEndian.put32(out, S_MKFS_TIME, (int) time);
        out[S_MKFS_TIME_HI] = (byte) (time >>> Integer.SIZE);
    }
}
