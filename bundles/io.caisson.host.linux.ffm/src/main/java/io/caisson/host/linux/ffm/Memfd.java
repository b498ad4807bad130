package io.caisson.host.linux.ffm;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** An anonymous file in memory, memfd_create(2), that can be mapped, sealed and passed to another process. */
public final class Memfd implements AutoCloseable {
    private final Descriptor descriptor;

    private Memfd(Descriptor descriptor) {
        this.descriptor = descriptor;
    }

    /**
     * Makes one of zeros.
     *
     * @param name shown in {@code /proc}, at most 249 bytes
     * @param size in bytes, at least 0; memory is taken as it is written
     * @param seals set at once, after the size
     */
    public static Memfd create(String name, long size, Seal... seals) throws SystemCallException {
        if (size < 0) {
            throw new IllegalArgumentException("size of a memory file: " + size);
        }
        int fd = MemoryCalls.memfdCreate(name);
        try {
            FileCalls.ftruncate(fd, size);
            addSeals(fd, seals);
        } catch (SystemCallException e) {
            FileCalls.close(fd);
            throw e;
        }
        return new Memfd(new Descriptor(fd, "memory file " + name));
    }

    /** Rules these things out for ever. {@link Seal#WRITE} fails ({@code EBUSY}) while a writable mapping exists. */
    public void seal(Seal... seals) throws ClosedDescriptorException, SystemCallException {
        int fd = descriptor.acquire();
        try {
            addSeals(fd, seals);
        } finally {
            descriptor.release();
        }
    }

    /** What is ruled out. */
    public Set<Seal> seals() throws ClosedDescriptorException, SystemCallException {
        return descriptor.seals();
    }

    /** Its size in bytes. */
    public long size() throws ClosedDescriptorException, SystemCallException {
        return descriptor.size();
    }

    /** Changes its size; {@code EPERM} when that is sealed. */
    public void resize(long size) throws ClosedDescriptorException, SystemCallException {
        int fd = descriptor.acquire();
        try {
            FileCalls.ftruncate(fd, size);
        } finally {
            descriptor.release();
        }
    }

    /**
     * A range of bytes.
     *
     * @param offset of the first, at least 0
     * @param length at least 1
     */
    public record Extent(long offset, long length) {}

    /** What memory has been taken for, in ascending order; all else is zeros. Moves the file's offset. */
    public List<Extent> extents() throws ClosedDescriptorException, SystemCallException {
        int fd = descriptor.acquire();
        try {
            var extents = new ArrayList<Extent>();
            long start = FileCalls.seek(fd, 0, FileCalls.SEEK_DATA);
            while (start >= 0) {
                long end = FileCalls.seek(fd, start, FileCalls.SEEK_HOLE);
                extents.add(new Extent(start, end - start));
                start = FileCalls.seek(fd, end, FileCalls.SEEK_DATA);
            }
            return extents;
        } finally {
            descriptor.release();
        }
    }

    /**
     * Writes all of a native segment; quicker than through a mapping into memory that was not taken yet.
     *
     * @param position of the first byte in the file
     */
    public void write(MemorySegment source, long position) throws ClosedDescriptorException, SystemCallException {
        if (!source.isNative()) {
            throw new IllegalArgumentException("the source is on the heap");
        }
        int fd = descriptor.acquire();
        try {
            long done = 0;
            while (done < source.byteSize()) {
                MemorySegment rest = source.asSlice(done);
                done += FileCalls.writeAt(fd, rest.address(), rest.byteSize(), position + done);
            }
        } finally {
            descriptor.release();
        }
    }

    /** For passing and mapping. It stays this object's: do not close it. */
    public Descriptor descriptor() {
        return descriptor;
    }

    /** Gives up the file; mappings and duplicates of the descriptor keep it alive. Idempotent. */
    @Override
    public void close() {
        descriptor.close();
    }

    @Override
    public String toString() {
        return descriptor.toString();
    }

    private static void addSeals(int fd, Seal... seals) throws SystemCallException {
        int bits = 0;
        for (Seal seal : seals) {
            bits |= seal.bit();
        }
        if (bits != 0) {
            FileCalls.fcntl(fd, FileCalls.F_ADD_SEALS, bits);
        }
    }
}
