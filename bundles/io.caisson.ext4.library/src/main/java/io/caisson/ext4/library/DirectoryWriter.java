package io.caisson.ext4.library;

import java.util.Arrays;

/**
 * Writes a directory as a linear list of {@code struct ext4_dir_entry_2} (directory.rst, "Linear (Classic)
 * Directories"), each block ended by a {@code struct ext4_dir_entry_tail}. Hashed directories are not written.
 */
final class DirectoryWriter {
    private static final int D_REC_LEN = 0x4;
    private static final int D_NAME_LEN = 0x6;
    private static final int D_FILE_TYPE = 0x7;
    private static final int D_NAME = 0x8;

    private static final int TAIL_SIZE = 12;
    private static final int DET_REC_LEN = 0x4;
    private static final int DET_RESERVED_FT = 0x7;
    private static final int DET_CHECKSUM = 0x8;
    private static final int TAIL_FILE_TYPE = 0xDE;

    private static final byte[] SELF = {'.'};
    private static final byte[] PARENT = {'.', '.'};

    private final Checksum checksum;
    private final BlockAllocator allocator;
    private final BlockWriter writer;
    private final byte[] block;
    private final int room;

    /** State of the directory being written. */
    private BlockAllocator.Run run = new BlockAllocator.Run(0, 0);

    private long remaining;
    private long taken;
    private int at;
    private int lastEntry;

    DirectoryWriter(Geometry geometry, Checksum checksum, BlockAllocator allocator, BlockWriter writer) {
        this.checksum = checksum;
        this.allocator = allocator;
        this.writer = writer;
        block = new byte[geometry.blockSize()];
        room = geometry.blockSize() - TAIL_SIZE;
    }

    /** Writes a directory's blocks and sets its size and extents. */
    void write(Inode inode) throws TargetException, Ext4Exception {
        Directory directory = inode.directory();
        remaining = countBlocks(directory);
        taken = 0;
        run = new BlockAllocator.Run(0, 0);
        inode.size = remaining * block.length;
        inode.extents = new Extents();
        begin();
        put(inode, SELF, inode);
        put(inode, PARENT, directory.parent);
        for (int i = 0; i < directory.slots(); i++) {
            Ext4Entry entry = directory.slot(i);
            if (entry != null) {
                put(inode, entry.name, entry.inode);
            }
        }
        end(inode);
    }

    private long countBlocks(Directory directory) {
        long blocks = 1;
        int filled = size(SELF) + size(PARENT);
        for (int i = 0; i < directory.slots(); i++) {
            Ext4Entry entry = directory.slot(i);
            if (entry != null) {
                int size = size(entry.name);
                if (filled + size > room) {
                    blocks++;
                    filled = 0;
                }
                filled += size;
            }
        }
        return blocks;
    }

    private static int size(byte[] name) {
        return D_NAME + name.length + 3 & ~3;
    }

    private void begin() {
        Arrays.fill(block, (byte) 0);
        at = 0;
        lastEntry = 0;
    }

    private void put(Inode directory, byte[] name, Inode target) throws TargetException, Ext4Exception {
        int size = size(name);
        if (at + size > room) {
            end(directory);
            begin();
        }
        LittleEndian.put32(block, at, target.number);
        LittleEndian.put16(block, at + D_REC_LEN, size);
        block[at + D_NAME_LEN] = (byte) name.length;
        block[at + D_FILE_TYPE] = (byte) target.kind.directoryNumber;
        LittleEndian.putBytes(block, at + D_NAME, name);
        lastEntry = at;
        at += size;
    }

    private void end(Inode directory) throws TargetException, Ext4Exception {
        LittleEndian.put16(block, lastEntry + D_REC_LEN, (room - lastEntry));
        LittleEndian.put16(block, room + DET_REC_LEN, TAIL_SIZE);
        block[room + DET_RESERVED_FT] = (byte) TAIL_FILE_TYPE;
        LittleEndian.put32(
                block,
                room + DET_CHECKSUM,
                checksum.beginInode(directory.number).add(block, 0, room).value());
        if (run.length() == 0) {
            run = allocator.allocate(remaining);
        }
        writer.put(run.start(), block);
        Extents extents = directory.extents;
        if (extents != null) {
            extents.add(taken, run.start(), 1);
        }
        run = new BlockAllocator.Run(run.start() + 1, run.length() - 1);
        remaining--;
        taken++;
    }
}
