package io.caisson.vm.qemu.provider;

import io.caisson.host.linux.ffm.Memfd;
import io.caisson.host.linux.ffm.MemoryMapping;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * A machine's memory in a file, without what was never touched. The format is this class's own: a table of big-endian
 * 64-bit numbers ({@link #MAGIC}, the size of the memory, when it was saved in seconds since 1970, the number of extents,
 * then offset and length of each), and from the next multiple of {@link #ALIGNMENT} the bytes of all extents.
 */
final class MemoryImage implements AutoCloseable {
    private static final long MAGIC = 0x43616973_736f6e31L; // "Caisson1"
    private static final int HEADER = 4 * Long.BYTES;
    private static final int EXTENT = 2 * Long.BYTES;
    private static final int ALIGNMENT = 4096;

    /** A buffer's size is an int; and one write takes no more. */
    private static final long AT_ONCE = 1 << 30;

    private final Path file;
    private final FileChannel source;
    private final ByteBuffer header;

    private MemoryImage(Path file, FileChannel source) throws IOException {
        this.file = file;
        this.source = source;
        header = read(HEADER, 0);
        require(header.getLong(0) == MAGIC);
    }

    /**
     * Opens an image.
     *
     * @throws IOException it is none, or cannot be read
     */
    static MemoryImage open(Path file) throws IOException {
        FileChannel source = FileChannel.open(file, StandardOpenOption.READ);
        try {
            return new MemoryImage(file, source);
        } catch (IOException | RuntimeException | Error e) {
            source.close();
            throw e;
        }
    }

    /** When it was saved. */
    Instant saved() {
        return Instant.ofEpochSecond(header.getLong(2 * Long.BYTES));
    }

    /** Writes the memory to a new file, which is on the disk when this returns. */
    static void save(Memfd memory, Path file) throws IOException {
        List<Memfd.Extent> extents = memory.extents();
        ByteBuffer table = ByteBuffer.allocate(dataOffset(extents.size()));
        table.putLong(MAGIC)
                .putLong(memory.size())
                .putLong(Instant.now().getEpochSecond())
                .putLong(extents.size());
        for (Memfd.Extent extent : extents) {
            table.putLong(extent.offset()).putLong(extent.length());
        }
        try (FileChannel target = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                MemoryMapping mapping =
                        MemoryMapping.map(memory.descriptor(), 0, memory.size(), MemoryMapping.Access.READ)) {
            write(target, table.rewind());
            for (Memfd.Extent extent : extents) {
                for (long done = 0; done < extent.length(); done += AT_ONCE) {
                    long length = Math.min(AT_ONCE, extent.length() - done);
                    write(
                            target,
                            mapping.segment()
                                    .asSlice(extent.offset() + done, length)
                                    .asByteBuffer());
                }
            }
            target.force(true);
        }
    }

    private static void write(FileChannel target, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            target.write(bytes);
        }
    }

    private static int dataOffset(int extents) {
        return Math.ceilDiv(HEADER + extents * EXTENT, ALIGNMENT) * ALIGNMENT;
    }

    /**
     * Fills memory that is all zeros.
     *
     * @throws IOException this is not a whole image of memory of that size
     */
    void load(Memfd memory) throws IOException {
        long size = source.size();
        long count = header.getLong(3 * Long.BYTES);
        require(header.getLong(Long.BYTES) == memory.size());
        require(count >= 0 && count <= (size - HEADER) / EXTENT && count < Integer.MAX_VALUE / EXTENT);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = source.map(MapMode.READ_ONLY, 0, size, arena);
            long from = dataOffset((int) count);
            for (Memfd.Extent extent : extents((int) count, memory.size())) {
                require(extent.length() <= size - from);
                memory.write(bytes.asSlice(from, extent.length()), extent.offset());
                from += extent.length();
            }
            require(from == size);
        }
    }

    private List<Memfd.Extent> extents(int count, long memory) throws IOException {
        ByteBuffer table = read(count * EXTENT, HEADER);
        var extents = new ArrayList<Memfd.Extent>();
        while (table.hasRemaining()) {
            var extent = new Memfd.Extent(table.getLong(), table.getLong());
            require(extent.length() > 0 && extent.offset() >= 0 && extent.offset() <= memory - extent.length());
            extents.add(extent);
        }
        return extents;
    }

    private ByteBuffer read(int length, long position) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            require(source.read(bytes, position + bytes.position()) >= 0);
        }
        return bytes.flip();
    }

    private void require(boolean sound) throws IOException {
        if (!sound) {
            throw new IOException(file + " is not a whole image of this machine's memory");
        }
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
