package io.caisson.host.linux.ffm;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Waits for any of many descriptors, epoll(7). Any thread may add, modify, remove, wake and close; one platform thread
 * at a time waits and reads the events. Waiting and reading events allocates nothing once
 * compiled.
 *
 * <pre>{@code
 * int count = epoll.await(-1);
 * for (int i = 0; i < count; i++) {
 *     if (epoll.isReadable(i)) { ... epoll.token(i) ... }
 * }
 * }</pre>
 */
public final class Epoll implements AutoCloseable {
    /** Marks the descriptor that wakes the waiting thread; not to be used as a token. */
    public static final long RESERVED_TOKEN = Long.MIN_VALUE;

    private final Descriptor descriptor;
    private final EventFd wakeup;
    private final int capacity;
    private final MemorySegment buffer;
    private final long[] tokens;
    private final int[] events;

    private Epoll(String name, int capacity) throws SystemCallException {
        this.capacity = capacity;
        tokens = new long[capacity];
        events = new int[capacity];
        wakeup = EventFd.create("that wakes " + name);
        Arena arena = Arena.ofShared();
        buffer = arena.allocate(Structs.EpollEvent.SIZE * capacity, 8);
        Release buffers = new Release(wakeup, arena);
        try {
            descriptor = new Descriptor(EventCalls.epollCreate(), "epoll " + name, buffers);
        } catch (SystemCallException e) {
            buffers.run();
            throw e;
        }
    }

    /** Runs when the last waiting thread has left: before that a closed event descriptor would not wake it. */
    private record Release(EventFd wakeup, Arena arena) implements Runnable {
        @Override
        public void run() {
            wakeup.close();
            arena.close();
        }
    }

    /**
     * Makes one.
     *
     * @param name what it waits for, in messages
     * @param capacity events delivered by one wait at most, at least 1
     */
    public static Epoll open(String name, int capacity) throws IOException {
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity of an epoll: " + capacity);
        }
        // one more for the wake-up
        Epoll epoll = new Epoll(name, capacity + 1);
        try {
            epoll.control(
                    EventCalls.EPOLL_CTL_ADD, epoll.wakeup.descriptor(), Interest.READ.edgeTriggered(), RESERVED_TOKEN);
            return epoll;
        } catch (IOException e) {
            epoll.close();
            throw e;
        }
    }

    /**
     * Begins to watch a descriptor.
     *
     * @param token comes back with each of its events; anything but {@link #RESERVED_TOKEN}
     * @throws SystemCallException {@code EEXIST} when it is watched already
     */
    public void add(Descriptor watched, Interest interest, long token) throws IOException {
        if (token == RESERVED_TOKEN) {
            throw new IllegalArgumentException("a reserved token");
        }
        control(EventCalls.EPOLL_CTL_ADD, watched, interest, token);
    }

    /** Changes what is watched for. Re-arms a one-shot interest. */
    public void modify(Descriptor watched, Interest interest, long token) throws IOException {
        if (token == RESERVED_TOKEN) {
            throw new IllegalArgumentException("a reserved token");
        }
        control(EventCalls.EPOLL_CTL_MOD, watched, interest, token);
    }

    /**
     * Stops watching a descriptor. To be called before the descriptor is closed: the kernel forgets a closed one only
     * when no duplicate of it is left in any process. An event that was already delivered stays.
     */
    public void remove(Descriptor watched) throws IOException {
        control(EventCalls.EPOLL_CTL_DEL, watched, Interest.NONE, 0);
    }

    private void control(int operation, Descriptor watched, Interest interest, long token) throws IOException {
        int epoll = descriptor.acquire();
        try {
            int fd = watched.acquire();
            try {
                EventCalls.epollCtl(epoll, operation, fd, interest.bits(), token);
            } finally {
                watched.release();
            }
        } finally {
            descriptor.release();
        }
    }

    /**
     * Waits for events. Blocks in the kernel: only for platform threads, and one at a time. An interrupt does not end
     * it; {@link #wakeup()} does.
     *
     * @param timeoutMillis at most how long, 0 to look only, -1 for ever
     * @return how many events there are to read; 0 after the timeout or a wake-up
     * @throws ClosedDescriptorException it was closed, before or meanwhile
     */
    public int await(int timeoutMillis) throws IOException {
        int epoll = descriptor.acquire();
        try {
            int count = EventCalls.epollWait(epoll, buffer, capacity, timeoutMillis);
            int delivered = 0;
            for (int i = 0; i < count; i++) {
                long event = i * Structs.EpollEvent.SIZE;
                long token = buffer.get(ValueLayout.JAVA_LONG_UNALIGNED, event + Structs.EpollEvent.DATA);
                if (token == RESERVED_TOKEN) {
                    continue;
                }
                tokens[delivered] = token;
                events[delivered] = buffer.get(ValueLayout.JAVA_INT_UNALIGNED, event + Structs.EpollEvent.EVENTS);
                delivered++;
            }
            if (descriptor.isClosed()) {
                throw new ClosedDescriptorException(descriptor.what());
            }
            return delivered;
        } finally {
            descriptor.release();
        }
    }

    /** Whose event it is: the token given to {@link #add}. For the waiting thread, until it waits again. */
    public long token(int index) {
        return tokens[index];
    }

    /** Whether reading would not block, be it for data, the end or an error. */
    public boolean isReadable(int index) {
        return (events[index]
                        & (EventCalls.EPOLLIN | EventCalls.EPOLLRDHUP | EventCalls.EPOLLHUP | EventCalls.EPOLLERR))
                != 0;
    }

    /** Whether writing would not block, be it that it fails. */
    public boolean isWritable(int index) {
        return (events[index] & (EventCalls.EPOLLOUT | EventCalls.EPOLLHUP | EventCalls.EPOLLERR)) != 0;
    }

    /** Whether the other end is gone or the descriptor has an error; data may still be there to be read. */
    public boolean isHangUp(int index) {
        return (events[index] & (EventCalls.EPOLLHUP | EventCalls.EPOLLERR)) != 0;
    }

    /** Makes the waiting thread, or the next to wait, return at once. From any thread; allocates nothing. */
    public void wakeup() throws ClosedDescriptorException {
        wakeup.signal();
    }

    /** Wakes the waiting thread, which then throws, and stops watching everything. Idempotent; does not wait. */
    @Override
    public void close() {
        // held over the closing, so that there is still something to wake with
        int fd;
        try {
            fd = wakeup.descriptor().acquire();
        } catch (ClosedDescriptorException alreadyClosed) {
            return;
        }
        try {
            // in this order: who is woken must find it closed
            descriptor.close();
            wakeup.signal(fd);
        } finally {
            wakeup.descriptor().release();
        }
    }
}
