package io.caisson.host.linux.ffm;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/**
 * A part of a file in memory, shared with every other process that maps it. The only native memory this package hands
 * out.
 *
 * <p>The segment lives in a shared arena of its own, from the mapping to {@link #close()}: any thread may use it in
 * between, and gets an {@link IllegalStateException} afterwards. The mapping does not keep the descriptor open nor
 * need it.
 */
public final class MemoryMapping implements AutoCloseable {
    private final Arena arena;
    private final MemorySegment segment;

    private MemoryMapping(Arena arena, MemorySegment segment) {
        this.arena = arena;
        this.segment = segment;
    }

    /** What the mapping may be used for. */
    public enum Access {
        /** Reading alone; writing throws. */
        READ,
        /** Reading and writing; the descriptor must be open for both. */
        READ_WRITE
    }

    /**
     * Maps memory of a peer that is trusted not to make the file smaller. Touching a page that the file no longer has
     * kills the JVM (SIGBUS): memory of any other peer is mapped by {@link #mapSealed}.
     *
     * @param offset in bytes, a multiple of the page size
     * @param length in bytes, at least 1, not reaching beyond the end of the file
     * @throws IOException the range is not inside the file
     * @throws ClosedDescriptorException the descriptor is closed
     */
    public static MemoryMapping map(Descriptor descriptor, long offset, long length, Access access) throws IOException {
        if (offset < 0 || length < 1) {
            throw new IllegalArgumentException("mapping of " + length + " bytes at " + offset);
        }
        int fd = descriptor.acquire();
        try {
            long size = FileCalls.size(fd);
            if (length > size || offset > size - length) {
                throw new IOException("cannot map " + length + " bytes at " + offset + " of " + descriptor.what()
                        + ": it has only " + size);
            }
            int protection =
                    access == Access.READ ? MemoryCalls.PROT_READ : MemoryCalls.PROT_READ | MemoryCalls.PROT_WRITE;
            return own(MemoryCalls.mmap(length, protection, fd, offset), length, access);
        } finally {
            descriptor.release();
        }
    }

    /**
     * As {@link #map}, for a peer that is not trusted: the file must be sealed against becoming smaller, which then
     * nobody can undo.
     *
     * @throws IOException the file is not sealed with {@link Seal#SHRINK}, or the range is not inside it
     */
    public static MemoryMapping mapSealed(Descriptor descriptor, long offset, long length, Access access)
            throws IOException {
        if (!descriptor.seals().contains(Seal.SHRINK)) {
            throw new IOException("refused to map " + descriptor.what()
                    + ": it is not sealed against shrinking (F_SEAL_SHRINK), so its owner could crash this process");
        }
        return map(descriptor, offset, length, access);
    }

    private record Unmap(long address, long length) implements Consumer<MemorySegment> {
        @Override
        public void accept(MemorySegment unmapped) {
            MemoryCalls.munmap(address, length);
        }
    }

    private static MemoryMapping own(long address, long length, Access access) {
        Arena arena = Arena.ofShared();
        MemorySegment segment = MemorySegment.ofAddress(address).reinterpret(length, arena, new Unmap(address, length));
        return new MemoryMapping(arena, access == Access.READ ? segment.asReadOnly() : segment);
    }

    /** The memory, valid until {@link #close()}. */
    public MemorySegment segment() {
        return segment;
    }

    /**
     * Unmaps it. Idempotent.
     *
     * @throws IllegalStateException the segment is in use by a native call of another thread; the mapping stays
     */
    @Override
    public void close() {
        synchronized (arena) {
            if (arena.scope().isAlive()) {
                arena.close();
            }
        }
    }
}
