package io.caisson.ext4.library;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes everything that is not file content, once all content is written: directories, extent trees, attributes;
 * then inode tables and bitmaps; the descriptors and the superblock last, so that an image left half-written is none.
 */
final class MetadataWriter {
    private final Ext4Options options;
    private final Geometry geometry;
    private final BlockAllocator allocator;
    private final BlockWriter writer;
    private final Checksum checksum;

    /** The block after those kept for group descriptors. */
    private final long contentStart;

    MetadataWriter(
            Ext4Options options, Geometry geometry, BlockAllocator allocator, BlockWriter writer, long contentStart) {
        this.options = options;
        this.geometry = geometry;
        this.allocator = allocator;
        this.writer = writer;
        this.contentStart = contentStart;
        checksum = new Checksum(options.uuid());
    }

    /** Writes the tree below a root; a layout that is given must have room for it. */
    void write(Inode root, Optional<GroupLayout> given) throws TargetException, Ext4Exception {
        List<Inode> inodes = number(root);
        int lastInode = Inode.FIRST_UNRESERVED - 2 + inodes.size();
        if (given.isPresent() && lastInode > given.get().inodes()) {
            throw new FileSystemFullException(
                    "the file system has room for " + given.get().inodes() + " inodes, its content has " + lastInode);
        }
        writeBlocksOf(inodes);
        GroupLayout layout =
                given.isPresent() ? given.get() : GroupLayout.ofContent(geometry, allocator.next(), lastInode);
        if (contentStart < geometry.firstDataBlock() + 1 + layout.descriptorBlocks()) {
            throw new FileSystemFullException("the content needs " + layout.blocks() + " blocks, more than the "
                    + options.maximumSize() + " bytes allowed for");
        }
        FreeSpace free = freeSpace(layout);
        GroupLayout used = layout.withUse(lastInode, free.total());
        zeroFreed();
        GroupDescriptor[] groups = describe(used, inodes);
        writeBlockBitmaps(used, groups, free);
        writeInodeBitmaps(used, groups);
        writeInodeTables(used, inodes);
        writer.flush();
        writer.extendTo(used.blocks() * geometry.blockSize());
        writeHead(used, groups);
    }

    /** Numbers the inodes: the root, and from the first unreserved one on, a directory's files before those below. */
    private static List<Inode> number(Inode root) throws Ext4Exception {
        List<Inode> inodes = new ArrayList<>();
        root.number = Inode.ROOT;
        inodes.add(root);
        ArrayDeque<Inode> directories = new ArrayDeque<>();
        directories.add(root);
        for (Inode next = directories.poll(); next != null; next = directories.poll()) {
            Directory directory = next.directory();
            for (int i = 0; i < directory.slots(); i++) {
                Ext4Entry entry = directory.slot(i);
                if (entry != null && entry.inode.number == 0) {
                    Inode inode = entry.inode;
                    inode.number = Inode.FIRST_UNRESERVED - 1 + inodes.size();
                    inodes.add(inode);
                    if (inode.kind == FileKind.DIRECTORY) {
                        directories.add(inode);
                    }
                }
            }
        }
        return inodes;
    }

    private void writeBlocksOf(List<Inode> inodes) throws TargetException, Ext4Exception {
        var directories = new DirectoryWriter(geometry, checksum, allocator, writer);
        var trees = new ExtentTree(geometry, checksum, allocator, writer);
        for (Inode inode : inodes) {
            if (inode.kind == FileKind.DIRECTORY) {
                directories.write(inode);
            }
            if (inode.extents != null) {
                trees.write(inode);
            }
            if (inode.extended != null) {
                ExtendedAttributes.writeBlock(inode, geometry, checksum, allocator, writer);
            }
        }
    }

    private FreeSpace freeSpace(GroupLayout layout) {
        FreeSpace free = new FreeSpace();
        free.add(geometry.firstDataBlock() + 1 + layout.descriptorBlocks(), contentStart);
        for (Map.Entry<Long, Long> run : allocator.freed().entrySet()) {
            free.add(run.getKey(), run.getKey() + run.getValue());
        }
        free.add(allocator.next(), layout.metadataStart());
        free.add(layout.metadataEnd(), layout.blocks());
        return free;
    }

    /** What upper layers removed is not to be read from the image's free blocks. */
    private void zeroFreed() throws TargetException {
        byte[] zeros = new byte[geometry.blockSize()];
        for (Map.Entry<Long, Long> run : allocator.freed().entrySet()) {
            for (long i = 0; i < run.getValue(); i++) {
                writer.put(run.getKey() + i, zeros);
            }
        }
    }

    private static GroupDescriptor[] describe(GroupLayout layout, List<Inode> inodes) {
        GroupDescriptor[] groups = new GroupDescriptor[layout.groups()];
        for (int group = 0; group < groups.length; group++) {
            GroupDescriptor descriptor = new GroupDescriptor();
            descriptor.blockBitmap = layout.blockBitmap(group);
            descriptor.inodeBitmap = layout.inodeBitmap(group);
            descriptor.inodeTable = layout.inodeTable(group);
            long before = (long) group * layout.inodesPerGroup();
            int used = Math.clamp(layout.usedInodes() - before, 0, layout.inodesPerGroup());
            descriptor.freeInodes = layout.inodesPerGroup() - used;
            descriptor.unusedInodes = descriptor.freeInodes;
            descriptor.flags = GroupDescriptor.INODE_ZEROED | (used == 0 ? GroupDescriptor.INODE_UNINIT : 0);
            groups[group] = descriptor;
        }
        for (Inode inode : inodes) {
            if (inode.kind == FileKind.DIRECTORY) {
                groups[(inode.number - 1) / layout.inodesPerGroup()].usedDirectories++;
            }
        }
        return groups;
    }

    private void writeBlockBitmaps(GroupLayout layout, GroupDescriptor[] groups, FreeSpace free)
            throws TargetException {
        byte[] bitmap = new byte[geometry.blockSize()];
        byte[] ones = new byte[geometry.blockSize()];
        Arrays.fill(ones, (byte) -1);
        for (int group = 0; group < groups.length; group++) {
            GroupDescriptor descriptor = groups[group];
            long start = geometry.groupStart(group);
            int count = (int) Math.min(geometry.blocksPerGroup(), layout.blocks() - start);
            boolean last = group == groups.length - 1;
            if (!last && free.isFree(start, count)) {
                descriptor.freeBlocks = count;
                descriptor.flags |= GroupDescriptor.BLOCK_UNINIT;
            } else {
                System.arraycopy(ones, 0, bitmap, 0, bitmap.length);
                descriptor.freeBlocks = free.clear(bitmap, start, count);
                descriptor.blockBitmapChecksum =
                        checksum.begin().add(bitmap, 0, bitmap.length).value();
                writer.put(descriptor.blockBitmap, bitmap);
            }
        }
    }

    private void writeInodeBitmaps(GroupLayout layout, GroupDescriptor[] groups) throws TargetException {
        byte[] bitmap = new byte[geometry.blockSize()];
        for (GroupDescriptor descriptor : groups) {
            if ((descriptor.flags & GroupDescriptor.INODE_UNINIT) == 0) {
                Arrays.fill(bitmap, (byte) -1);
                FreeSpace unused = new FreeSpace();
                unused.add(layout.inodesPerGroup() - descriptor.freeInodes, layout.inodesPerGroup());
                unused.clear(bitmap, 0, layout.inodesPerGroup());
                descriptor.inodeBitmapChecksum = checksum.begin()
                        .add(bitmap, 0, layout.inodesPerGroup() / Byte.SIZE)
                        .value();
                writer.put(descriptor.inodeBitmap, bitmap);
            }
        }
    }

    private void writeInodeTables(GroupLayout layout, List<Inode> inodes) throws TargetException, Ext4Exception {
        var record = new InodeRecord(geometry, checksum);
        byte[] block = new byte[geometry.blockSize()];
        int reserved = Inode.FIRST_UNRESERVED - 1;
        for (int number = 1; number <= layout.usedInodes(); number++) {
            byte[] bytes;
            if (number == Inode.ROOT) {
                bytes = record.encode(inodes.getFirst());
            } else if (number <= reserved) {
                bytes = record.encodeUnused(number);
            } else {
                bytes = record.encode(inodes.get(number - reserved));
            }
            int inGroup = (number - 1) % layout.inodesPerGroup();
            int inBlock = inGroup % geometry.inodesPerBlock();
            System.arraycopy(bytes, 0, block, inBlock * InodeRecord.SIZE, InodeRecord.SIZE);
            if (inBlock == geometry.inodesPerBlock() - 1 || number == layout.usedInodes()) {
                int group = (number - 1) / layout.inodesPerGroup();
                writer.put(layout.inodeTable(group) + inGroup / geometry.inodesPerBlock(), block);
                Arrays.fill(block, (byte) 0);
            }
        }
    }

    /** Writes the block of the superblock and the descriptors behind it. */
    private void writeHead(GroupLayout layout, GroupDescriptor[] groups) throws TargetException {
        int blockSize = geometry.blockSize();
        byte[] block = new byte[blockSize];
        int perBlock = blockSize / GroupDescriptor.SIZE;
        for (int group = 0; group < groups.length; group++) {
            groups[group].encode(block, group % perBlock * GroupDescriptor.SIZE, group, checksum);
            if ((group + 1) % perBlock == 0 || group == groups.length - 1) {
                writer.put(geometry.firstDataBlock() + 1 + group / perBlock, block);
                Arrays.fill(block, (byte) 0);
            }
        }
        byte[] superblock = new byte[Superblock.SIZE];
        Superblock.encode(superblock, options, geometry, layout, checksum);
        int inBlock = (int) (Geometry.SUPERBLOCK_OFFSET - geometry.firstDataBlock() * blockSize);
        LittleEndian.putBytes(block, inBlock, superblock);
        writer.put(geometry.firstDataBlock(), block);
        writer.flush();
    }
}
