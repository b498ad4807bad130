package io.caisson.host.linux.ffm;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A counter that wakes whoever waits for it, in this process or another, eventfd(2). Never blocks. {@link #signal()} and
 * {@link #drain()} allocate nothing once compiled and may be called on virtual threads.
 */
public final class EventFd implements AutoCloseable {
    private static final String KIND = "anon_inode:[eventfd]";

    /** What a signal adds, and where a drain reads to: threads may overwrite the latter, nobody looks. */
    private static final MemorySegment ONE = Arena.global().allocateFrom(ValueLayout.JAVA_LONG, 1L);

    private static final MemorySegment SINK = Arena.global().allocate(ValueLayout.JAVA_LONG);

    private final Descriptor descriptor;

    private EventFd(Descriptor descriptor) {
        this.descriptor = descriptor;
    }

    /**
     * Makes one that is not signalled.
     *
     * @param name what it is for, in messages
     */
    public static EventFd create(String name) throws SystemCallException {
        return new EventFd(new Descriptor(EventCalls.eventfd(), "event " + name));
    }

    /**
     * Takes over an event descriptor that another process made. It becomes non-blocking, in that process too. When this
     * throws the descriptor still belongs to the caller.
     *
     * @throws IOException it is not an event descriptor
     */
    public static EventFd adopt(Descriptor descriptor) throws IOException {
        int fd = descriptor.acquire();
        try {
            String kind = Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString();
            if (!kind.equals(KIND)) {
                throw new IOException("not an event descriptor: " + descriptor.what() + " is open on " + kind);
            }
            FileCalls.setNonBlocking(fd, true);
        } finally {
            descriptor.release();
        }
        return new EventFd(descriptor);
    }

    /**
     * Signals it. A counter that is full (2^64-2 signals nobody took) stays so.
     *
     * @throws ClosedDescriptorException it is closed
     */
    public void signal() throws ClosedDescriptorException {
        int fd = descriptor.acquire();
        try {
            signal(fd);
        } finally {
            descriptor.release();
        }
    }

    /**
     * Makes it unsignalled.
     *
     * @return whether it was signalled
     * @throws ClosedDescriptorException it is closed
     */
    public boolean drain() throws ClosedDescriptorException {
        int fd = descriptor.acquire();
        try {
            return FileCalls.readOnce(fd, SINK.address(), Long.BYTES) == Long.BYTES;
        } finally {
            descriptor.release();
        }
    }

    /** As {@link #signal()}, by a caller that has begun a call on {@link #descriptor()}. */
    void signal(int fd) {
        FileCalls.writeOnce(fd, ONE.address(), Long.BYTES);
    }

    /** For epoll and for passing. It stays this object's: do not close it. */
    public Descriptor descriptor() {
        return descriptor;
    }

    /** Idempotent. */
    @Override
    public void close() {
        descriptor.close();
    }

    @Override
    public String toString() {
        return descriptor.toString();
    }
}
