package io.caisson.ext4.library;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Makes an ext4 file system in a file, in one pass: content goes to its final place while it is read, everything else
 * follows in {@link #finish}. Blocks of zeros are left out of the file and of the file system.
 *
 * <p>The file system has 64-bit block numbers, extents, flexible groups, checksums on all metadata, nanosecond times,
 * one superblock without copies (feature sparse_super2) and no journal; it is marked clean. Directories are linear
 * lists. The target is an empty file, sparse afterwards. The tree is kept in memory, some 150 bytes for each name.
 *
 * <p>One thread at a time. After any exception but {@link IllegalArgumentException} the writer is of no further use and
 * the target holds no file system. The caller opens and closes the channel; when its thread is interrupted the channel
 * closes, as {@link FileChannel} says, and a {@link TargetException} with that cause is thrown.
 */
public final class Ext4Writer {
    /** Changes whenever the same calls give other bytes than before; part of the name of what is kept. */
    public static final int FORMAT_REVISION = 1;

    private static final int MAX_NAME = 255;

    /** Targets up to here are kept in the inode (inodes.rst, "Symbolic Links"). */
    private static final int MAX_FAST_SYMLINK = InodeRecord.BLOCK_BYTES - 1;

    private static final long MAX_FILE_BLOCKS = 0xFFFF_FFFFL;

    private final Ext4Options options;
    private final Geometry geometry;
    private final Optional<GroupLayout> layout;
    private final BlockAllocator allocator;
    private final BlockWriter writer;
    private final byte[] zeros;
    private final long contentStart;
    private final Ext4Entry root;

    /**
     * Begins a file system.
     *
     * @param target an empty file open for writing; stays open
     * @throws Ext4Exception when the size is out of range
     */
    public Ext4Writer(FileChannel target, Ext4Options options) throws IOException {
        this.options = options;
        geometry = new Geometry(options.blockSize());
        zeros = new byte[geometry.blockSize()];
        writer = new BlockWriter(target, geometry.blockSize());
        long maximumBlocks = options.maximumSize() / geometry.blockSize();
        long head = geometry.firstDataBlock() + 1;
        long limit = maximumBlocks;
        if (options.size().isPresent()) {
            GroupLayout fixed = GroupLayout.ofSize(geometry, options.size().getAsLong(), options.bytesPerInode());
            layout = Optional.of(fixed);
            limit = fixed.metadataStart();
        } else {
            layout = Optional.empty();
        }
        contentStart = head + geometry.descriptorBlocks(geometry.groups(maximumBlocks));
        if (contentStart >= limit) {
            throw new Ext4Exception("no room for anything in a file system of " + options.maximumSize() + " bytes");
        }
        allocator = new BlockAllocator(contentStart, limit);
        Inode inode = new Inode(FileKind.DIRECTORY);
        inode.set(Ext4Attributes.of(0755, 0, 0, Instant.ofEpochSecond(options.time())));
        inode.payload = new Directory(inode);
        root = new Ext4Entry(new byte[0], inode);
        if (options.lostAndFound()) {
            createDirectory(
                    root,
                    "lost+found".getBytes(StandardCharsets.US_ASCII),
                    Ext4Attributes.of(0700, 0, 0, Instant.ofEpochSecond(options.time())));
        }
    }

    /** The root directory, of mode 0755 and owned by root unless given other attributes. */
    public Ext4Entry root() {
        return root;
    }

    /** What a directory has under a name; null when nothing. */
    public @Nullable Ext4Entry find(Ext4Entry directory, byte[] name) {
        return directory.inode.directory().find(name);
    }

    /** The names in a directory, in the order they came. */
    public List<Ext4Entry> list(Ext4Entry directory) {
        Directory names = directory.inode.directory();
        List<Ext4Entry> entries = new ArrayList<>(names.size());
        for (int i = 0; i < names.slots(); i++) {
            Ext4Entry entry = names.slot(i);
            if (entry != null) {
                entries.add(entry);
            }
        }
        return entries;
    }

    /** Replaces a file's attributes, whatever names lead to it. */
    public void setAttributes(Ext4Entry entry, Ext4Attributes attributes) {
        entry.inode.set(attributes);
    }

    /**
     * Makes a directory.
     *
     * @param name not in the parent yet; 1 to 255 bytes without NUL and slash, not {@code .} or {@code ..}
     */
    public Ext4Entry createDirectory(Ext4Entry parent, byte[] name, Ext4Attributes attributes) throws Ext4Exception {
        Inode inode = new Inode(FileKind.DIRECTORY);
        inode.payload = new Directory(parent.inode);
        Ext4Entry entry = add(parent, name, inode, attributes);
        parent.inode.links++;
        return entry;
    }

    /**
     * Makes a regular file of exactly so many bytes of a stream.
     *
     * @throws EOFException the stream ended before
     * @throws TargetException the target failed
     * @throws IOException the stream failed
     */
    public Ext4Entry createFile(
            Ext4Entry parent, byte[] name, Ext4Attributes attributes, InputStream content, long size)
            throws IOException {
        long blocks = geometry.blocksFor(size);
        if (size < 0 || blocks > MAX_FILE_BLOCKS) {
            throw new Ext4Exception("a file of " + size + " bytes: " + MAX_FILE_BLOCKS + " blocks are the limit");
        }
        Inode inode = new Inode(FileKind.REGULAR);
        inode.size = size;
        Ext4Entry entry = add(parent, name, inode, attributes);
        copy(content, inode);
        return entry;
    }

    /** Makes a symbolic link; its target is 1 to 4095 bytes, and less than a block. */
    public Ext4Entry createSymbolicLink(Ext4Entry parent, byte[] name, Ext4Attributes attributes, byte[] target)
            throws IOException {
        if (target.length == 0 || target.length >= geometry.blockSize()) {
            throw new Ext4Exception("a symbolic link's target of " + target.length + " bytes: 1 to "
                    + (geometry.blockSize() - 1) + " are possible");
        }
        Inode inode = new Inode(FileKind.SYMBOLIC_LINK);
        inode.size = target.length;
        inode.payload = target.clone();
        Ext4Entry entry = add(parent, name, inode, attributes);
        if (target.length > MAX_FAST_SYMLINK) {
            long block = allocator.allocate(1).start();
            writer.put(block, Arrays.copyOf(target, geometry.blockSize()));
            inode.extents = new Extents();
            inode.extents.add(0, block, 1);
        }
        return entry;
    }

    /** Makes a fifo or a socket. */
    public Ext4Entry createSpecial(Ext4Entry parent, byte[] name, Ext4Attributes attributes, FileKind kind)
            throws Ext4Exception {
        if (kind != FileKind.FIFO && kind != FileKind.SOCKET) {
            throw new IllegalArgumentException("not a fifo or socket: " + kind);
        }
        return add(parent, name, new Inode(kind), attributes);
    }

    /** Makes a device node; its numbers are those Linux has room for, 12 bits of major and 20 of minor. */
    public Ext4Entry createDevice(
            Ext4Entry parent, byte[] name, Ext4Attributes attributes, FileKind kind, long major, long minor)
            throws Ext4Exception {
        if (kind != FileKind.CHARACTER_DEVICE && kind != FileKind.BLOCK_DEVICE) {
            throw new IllegalArgumentException("not a device: " + kind);
        }
        if (major < 0 || major >= 1 << 12 || minor < 0 || minor >= 1 << 20) {
            throw new Ext4Exception("device " + major + ":" + minor + " is out of range");
        }
        Inode inode = new Inode(kind);
        inode.payload = major << Integer.SIZE | minor;
        return add(parent, name, inode, attributes);
    }

    /** Gives a file that is not a directory one more name. */
    public Ext4Entry link(Ext4Entry parent, byte[] name, Ext4Entry target) throws Ext4Exception {
        Inode inode = target.inode;
        if (inode.kind == FileKind.DIRECTORY) {
            throw new Ext4Exception("a hard link to a directory");
        }
        if (inode.links >= Inode.MAX_LINKS) {
            throw new Ext4Exception("more than " + Inode.MAX_LINKS + " names for one file");
        }
        return add(parent, name, inode);
    }

    /** A symbolic link's target. */
    public byte[] symbolicLinkTarget(Ext4Entry link) {
        if (link.inode.payload instanceof byte[] target) {
            return target.clone();
        }
        throw new IllegalArgumentException("not a symbolic link");
    }

    /** Removes a name, and all below when it is a directory's; says whether it was there. */
    public boolean remove(Ext4Entry parent, byte[] name) {
        Ext4Entry removed = parent.inode.directory().remove(name);
        if (removed == null) {
            return false;
        }
        if (removed.kind() == FileKind.DIRECTORY) {
            parent.inode.links--;
        }
        ArrayDeque<Inode> pending = new ArrayDeque<>();
        pending.add(removed.inode);
        for (Inode inode = pending.poll(); inode != null; inode = pending.poll()) {
            if (inode.kind == FileKind.DIRECTORY) {
                Directory directory = inode.directory();
                for (int i = 0; i < directory.slots(); i++) {
                    Ext4Entry entry = directory.slot(i);
                    if (entry != null) {
                        pending.add(entry.inode);
                    }
                }
            } else if (--inode.links == 0) {
                release(inode);
            }
        }
        return true;
    }

    private void release(Inode inode) {
        Extents extents = inode.extents;
        if (extents != null) {
            for (int i = 0; i < extents.size(); i++) {
                allocator.free(extents.physical(i), extents.length(i));
            }
        }
    }

    /**
     * Writes all that remains: afterwards the file is a complete file system, though perhaps not on the disk
     * ({@link FileChannel#force}).
     */
    public void finish() throws IOException {
        new MetadataWriter(options, geometry, allocator, writer, contentStart).write(root.inode, layout);
    }

    private static Ext4Entry add(Ext4Entry parent, byte[] name, Inode inode, Ext4Attributes attributes)
            throws Ext4Exception {
        inode.set(attributes);
        return add(parent, name, inode);
    }

    private static Ext4Entry add(Ext4Entry parent, byte[] name, Inode inode) throws Ext4Exception {
        check(name);
        Directory directory = parent.inode.directory();
        if (directory.find(name) != null) {
            throw new IllegalArgumentException("the name is there already");
        }
        Ext4Entry entry = new Ext4Entry(name.clone(), inode);
        directory.add(entry);
        if (inode.kind != FileKind.DIRECTORY) {
            inode.links++;
        }
        return entry;
    }

    private static void check(byte[] name) throws Ext4Exception {
        if (name.length > MAX_NAME) {
            throw new Ext4Exception("a name of " + name.length + " bytes: " + MAX_NAME + " are the limit");
        }
        boolean dots = name.length <= 2;
        for (byte b : name) {
            if (b == 0 || b == '/') {
                throw new Ext4Exception("a name with a NUL or a slash in it");
            }
            dots &= b == '.';
        }
        if (dots) {
            throw new Ext4Exception("a name of no bytes, or the directory itself, or the one above it");
        }
    }

    /** Reads a file's content into the blocks that follow, leaving out those that are zero. */
    private void copy(InputStream content, Inode inode) throws IOException {
        int blockSize = geometry.blockSize();
        long blocks = geometry.blocksFor(inode.size);
        BlockAllocator.Run run = new BlockAllocator.Run(0, 0);
        long used = 0;
        long logical = 0;
        while (logical < blocks) {
            if (used == run.length()) {
                run = allocator.allocate(blocks - logical);
                used = 0;
            }
            int at = writer.reserve(run.start() + used);
            int room = (int) Math.min((writer.window().length - at) / blockSize, run.length() - used);
            int count = (int) Math.min(room, blocks - logical);
            int bytes = (int) Math.min((long) count * blockSize, inode.size - logical * blockSize);
            read(content, writer.window(), at, bytes, inode.size - logical * blockSize);
            Arrays.fill(writer.window(), at + bytes, at + count * blockSize, (byte) 0);
            int kept = keepNonZero(inode, writer.window(), at, count, logical, run.start() + used);
            writer.commit(kept);
            used += kept;
            logical += count;
        }
        allocator.giveBack(run.start() + used, run.length() - used);
    }

    private static void read(InputStream content, byte[] into, int at, int bytes, long missing) throws IOException {
        int got = content.readNBytes(into, at, bytes);
        if (got < bytes) {
            throw new EOFException("content ends " + (missing - got) + " bytes early");
        }
    }

    /** Moves the blocks that are not zero together and notes where they are; says how many there are. */
    private int keepNonZero(Inode inode, byte[] window, int at, int count, long logical, long physical) {
        int blockSize = geometry.blockSize();
        int kept = 0;
        int from = 0;
        while (from < count) {
            if (isZero(window, at + from * blockSize)) {
                from++;
                continue;
            }
            int to = from + 1;
            while (to < count && !isZero(window, at + to * blockSize)) {
                to++;
            }
            if (kept != from) {
                System.arraycopy(window, at + from * blockSize, window, at + kept * blockSize, (to - from) * blockSize);
            }
            Extents extents = inode.extents;
            if (extents == null) {
                extents = new Extents();
                inode.extents = extents;
            }
            extents.add(logical + from, physical + kept, to - from);
            kept += to - from;
            from = to;
        }
        return kept;
    }

    private boolean isZero(byte[] window, int at) {
        return Arrays.mismatch(window, at, at + zeros.length, zeros, 0, zeros.length) < 0;
    }
}
