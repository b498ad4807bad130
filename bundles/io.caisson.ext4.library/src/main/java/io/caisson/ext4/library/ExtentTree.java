package io.caisson.ext4.library;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The tree that says where a file's blocks are (ifork.rst, "Extent Tree"): {@code ext4_extent_header}, then
 * {@code ext4_extent} in leaves or {@code ext4_extent_idx} above, 12 bytes each, and {@code ext4_extent_tail} in blocks.
 */
final class ExtentTree {
    static final int ENTRY_SIZE = 12;

    private static final int EH_MAGIC = 0xF30A;
    private static final int EH_ENTRIES_AT = 0x2;
    private static final int EH_MAX_AT = 0x4;
    private static final int EH_DEPTH_AT = 0x6;

    private static final int EE_BLOCK = 0x0;
    private static final int EE_LEN = 0x4;
    private static final int EE_START_HI = 0x6;
    private static final int EE_START_LO = 0x8;

    private static final int EI_BLOCK = 0x0;
    private static final int EI_LEAF_LO = 0x4;
    private static final int EI_LEAF_HI = 0x8;

    /** Entries in the inode's {@code i_block}. */
    private static final int ROOT_ENTRIES = InodeRecord.BLOCK_BYTES / ENTRY_SIZE - 1;

    /** {@code EXT_INIT_MAX_LEN}: longer ones would say that the blocks are not initialised. */
    static final int MAX_LENGTH = 32768;

    private final Geometry geometry;
    private final Checksum checksum;
    private final BlockAllocator allocator;
    private final BlockWriter writer;

    ExtentTree(Geometry geometry, Checksum checksum, BlockAllocator allocator, BlockWriter writer) {
        this.geometry = geometry;
        this.checksum = checksum;
        this.allocator = allocator;
        this.writer = writer;
    }

    /** A header without entries or with as many as fit into the inode, at the buffer's position {@code at}. */
    static void encodeRoot(@Nullable Extents extents, byte[] out, int at) {
        int entries = 0;
        if (extents != null) {
            var pieces = new Pieces(extents);
            while (pieces.next()) {
                entries++;
                pieces.encode(out, at + entries * ENTRY_SIZE);
            }
        }
        encodeHeader(out, at, entries, ROOT_ENTRIES, 0);
    }

    /** Writes the blocks of a file's tree when it has more extents than fit into the inode. */
    void write(Inode inode) throws TargetException, Ext4Exception {
        Extents extents = inode.extents;
        if (extents == null || Pieces.count(extents) <= ROOT_ENTRIES) {
            return;
        }
        int capacity = (geometry.blockSize() - ENTRY_SIZE - Integer.BYTES) / ENTRY_SIZE;
        byte[] block = new byte[geometry.blockSize()];
        Level level = new Level();
        var pieces = new Pieces(extents);
        boolean more = pieces.next();
        while (more) {
            Arrays.fill(block, (byte) 0);
            long first = pieces.logical;
            int entries = 0;
            for (; more && entries < capacity; more = pieces.next()) {
                entries++;
                pieces.encode(block, entries * ENTRY_SIZE);
            }
            level.add(first, seal(inode, block, entries, capacity, 0));
        }
        int depth = 1;
        while (level.size > ROOT_ENTRIES) {
            level = writeIndex(inode, block, level, capacity, depth);
            depth++;
        }
        byte[] root = new byte[InodeRecord.BLOCK_BYTES];
        level.encode(root, 0, level.size);
        encodeHeader(root, 0, level.size, ROOT_ENTRIES, depth);
        inode.extentRoot = root;
    }

    private Level writeIndex(Inode inode, byte[] block, Level below, int capacity, int depth)
            throws TargetException, Ext4Exception {
        Level level = new Level();
        for (int from = 0; from < below.size; from += capacity) {
            Arrays.fill(block, (byte) 0);
            int entries = Math.min(capacity, below.size - from);
            below.encode(block, from, entries);
            level.add(below.logical[from], seal(inode, block, entries, capacity, depth));
        }
        return level;
    }

    private long seal(Inode inode, byte[] block, int entries, int capacity, int depth)
            throws TargetException, Ext4Exception {
        encodeHeader(block, 0, entries, capacity, depth);
        int tail = (capacity + 1) * ENTRY_SIZE;
        LittleEndian.put32(
                block,
                tail,
                checksum.beginInode(inode.number).add(block, 0, tail).value());
        long number = allocator.allocate(1).start();
        writer.put(number, block);
        inode.metadataBlocks++;
        return number;
    }

    private static void encodeHeader(byte[] out, int at, int entries, int max, int depth) {
        LittleEndian.put16(out, at, EH_MAGIC);
        LittleEndian.put16(out, at + EH_ENTRIES_AT, entries);
        LittleEndian.put16(out, at + EH_MAX_AT, max);
        LittleEndian.put16(out, at + EH_DEPTH_AT, depth);
    }

    /** The extents cut into pieces no longer than the format allows. */
    private static final class Pieces {
        private final Extents extents;
        private int index;
        private int done;
        private long logical;
        private long physical;
        private int length;

        Pieces(Extents extents) {
            this.extents = extents;
        }

        static int count(Extents extents) {
            int count = 0;
            for (int i = 0; i < extents.size(); i++) {
                count = Math.addExact(count, Math.ceilDiv(extents.length(i), MAX_LENGTH));
            }
            return count;
        }

        boolean next() {
            if (index < extents.size() && done == extents.length(index)) {
                index++;
                done = 0;
            }
            if (index == extents.size()) {
                return false;
            }
            logical = extents.logical(index) + done;
            physical = extents.physical(index) + done;
            length = Math.min(MAX_LENGTH, extents.length(index) - done);
            done += length;
            return true;
        }

        void encode(byte[] out, int at) {
            LittleEndian.put32(out, at + EE_BLOCK, (int) logical);
            LittleEndian.put16(out, at + EE_LEN, length);
            LittleEndian.put16(out, at + EE_START_HI, (int) (physical >>> Integer.SIZE));
            LittleEndian.put32(out, at + EE_START_LO, (int) physical);
        }
    }

    /** The blocks of one level, each with the first logical block below it. */
    private static final class Level {
        private long[] logical = new long[4];
        private long[] block = new long[4];
        private int size;

        void add(long firstLogical, long number) {
            if (size == logical.length) {
                logical = Arrays.copyOf(logical, size * 2);
                block = Arrays.copyOf(block, size * 2);
            }
            logical[size] = firstLogical;
            block[size] = number;
            size++;
        }

        void encode(byte[] out, int from, int count) {
            for (int i = 0; i < count; i++) {
                int at = (i + 1) * ENTRY_SIZE;
                LittleEndian.put32(out, at + EI_BLOCK, (int) logical[from + i]);
                LittleEndian.put32(out, at + EI_LEAF_LO, (int) block[from + i]);
                LittleEndian.put16(out, at + EI_LEAF_HI, (int) (block[from + i] >>> Integer.SIZE));
            }
        }
    }
}
