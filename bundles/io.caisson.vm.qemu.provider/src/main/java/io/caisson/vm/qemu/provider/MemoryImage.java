package io.caisson.vm.qemu.provider;

import io.caisson.host.linux.ffm.Memfd;
import io.caisson.host.linux.ffm.MemoryMapping;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

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

    /**
     * When finished images were last modified. Whatever writes to one or cuts it changes that, and then it is of no use: to
     * read it through would take as long as a boot. Any fixed time in the past serves; that of the project's archives.
     */
    private static final FileTime FINISHED = FileTime.from(Instant.parse("2026-01-01T00:00:00Z"));

    /** A buffer's size is an int; and one write takes no more. */
    private static final long AT_ONCE = 1 << 30;

    private final Path file;
    private final FileChannel source;
    private final ByteBuffer header;

    private final List<Memfd.Extent> extents;

    private MemoryImage(Path file, FileChannel source) throws IOException {
        this.file = file;
        this.source = source;
        require(Files.getLastModifiedTime(file).equals(FINISHED));
        header = read(HEADER, 0);
        require(header.getLong(0) == MAGIC);
        long count = header.getLong(3 * Long.BYTES);
        require(count >= 0 && count <= (source.size() - HEADER) / EXTENT && count < Integer.MAX_VALUE / EXTENT);
        extents = extents((int) count, header.getLong(Long.BYTES));
        long end = dataOffset((int) count);
        for (Memfd.Extent extent : extents) {
            require(extent.length() <= source.size() - end);
            end += extent.length();
        }
        require(end == source.size());
    }

    /**
     * Opens an image, whole and as it was when it was saved.
     *
     * @throws IOException it is not, or cannot be read
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

    /** A file is no image of memory, or not what was saved. */
    static final class DamagedException extends IOException {
        private static final long serialVersionUID = 1L;

        DamagedException(String message) {
            super(message);
        }
    }

    /** The file it is in. */
    Path file() {
        return file;
    }

    /** When it was saved. */
    Instant saved() {
        return Instant.ofEpochSecond(header.getLong(2 * Long.BYTES));
    }

    /** Writes the memory to a new file, for its owner alone: it holds secrets. It need not survive the host. */
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
        try (FileChannel target = FileChannel.open(
                        file,
                        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
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
        }
        Files.setLastModifiedTime(file, FINISHED);
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
     * @throws IOException the memory has another size, or the image cannot be read
     */
    void load(Memfd memory) throws IOException {
        require(header.getLong(Long.BYTES) == memory.size());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = source.map(MapMode.READ_ONLY, 0, source.size(), arena);
            long from = dataOffset(extents.size());
            for (Memfd.Extent extent : extents) {
                memory.write(bytes.asSlice(from, extent.length()), extent.offset());
                from += extent.length();
            }
        }
    }

    private List<Memfd.Extent> extents(int count, long memory) throws IOException {
        ByteBuffer table = read(count * EXTENT, HEADER);
        var all = new ArrayList<Memfd.Extent>();
        while (table.hasRemaining()) {
            var extent = new Memfd.Extent(table.getLong(), table.getLong());
            require(extent.length() > 0 && extent.offset() >= 0 && extent.offset() <= memory - extent.length());
            all.add(extent);
        }
        return all;
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
            throw new DamagedException(file + " is not a whole image of this machine's memory");
        }
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
