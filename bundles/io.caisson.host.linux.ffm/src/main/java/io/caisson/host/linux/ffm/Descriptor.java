package io.caisson.host.linux.ffm;

import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * An open file descriptor of this process, opaque and close-on-exec. It belongs to whoever made or received it.
 *
 * <p>Closing while another thread is in a call on it is safe: the number is given back to the kernel when the last
 * such call has returned, so no call ever reaches a stranger's file. Objects that are made of a descriptor (sockets,
 * event descriptors) say whether they take it over.
 */
public final class Descriptor implements AutoCloseable {
    /** Set in {@link #state} by {@code close}; the other bits count the calls under way. */
    private static final int CLOSED = 1 << 31;

    private final int number;
    private final String what;
    private final @Nullable Runnable afterClose;
    private final AtomicInteger state = new AtomicInteger();

    /**
     * Takes a descriptor over from the kernel.
     *
     * @param what what it is and whose, for messages
     */
    Descriptor(int number, String what) {
        this(number, what, null);
    }

    /** As {@link #Descriptor(int, String)}; {@code afterClose} runs once the number was given back. */
    Descriptor(int number, String what, @Nullable Runnable afterClose) {
        this.number = number;
        this.what = what;
        this.afterClose = afterClose;
    }

    /**
     * Makes another descriptor of the same open file. The caller owns it.
     *
     * @throws ClosedDescriptorException this one is closed
     * @throws SystemCallException the process has no descriptor left
     */
    public Descriptor duplicate() throws ClosedDescriptorException, SystemCallException {
        return duplicate(0);
    }

    /** As {@link #duplicate()}, with a number of at least {@code lowest}. */
    Descriptor duplicate(int lowest) throws ClosedDescriptorException, SystemCallException {
        int fd = acquire();
        try {
            return new Descriptor(FileCalls.fcntl(fd, FileCalls.F_DUPFD_CLOEXEC, lowest), what);
        } finally {
            release();
        }
    }

    /**
     * The size in bytes of the file it is open on.
     *
     * @throws ClosedDescriptorException it is closed
     */
    public long size() throws ClosedDescriptorException, SystemCallException {
        int fd = acquire();
        try {
            return FileCalls.size(fd);
        } finally {
            release();
        }
    }

    /**
     * What can no longer be done to the file it is open on, fcntl(2) {@code F_GET_SEALS}. Nothing is sealed on a file
     * that is not in memory.
     *
     * @throws ClosedDescriptorException it is closed
     */
    public Set<Seal> seals() throws ClosedDescriptorException, SystemCallException {
        int fd = acquire();
        try {
            int bits = FileCalls.seals(fd);
            Set<Seal> seals = EnumSet.noneOf(Seal.class);
            for (Seal seal : Seal.values()) {
                if ((bits & seal.bit()) != 0) {
                    seals.add(seal);
                }
            }
            return seals;
        } finally {
            release();
        }
    }

    /** Whether {@link #close()} was called. */
    public boolean isClosed() {
        return state.get() < 0;
    }

    /** Closes it, once the calls under way have returned. Idempotent; never waits. */
    @Override
    public void close() {
        int before;
        do {
            before = state.get();
        } while (!state.compareAndSet(before, before | CLOSED));
        if (before == 0) {
            giveBack();
        }
    }

    /** Begins a call: the number, which stays this file's until {@link #release()}. */
    int acquire() throws ClosedDescriptorException {
        int before;
        do {
            before = state.get();
            if (before < 0) {
                throw new ClosedDescriptorException(what);
            }
        } while (!state.compareAndSet(before, before + 1));
        return number;
    }

    /** Ends a call. */
    void release() {
        if (state.decrementAndGet() == CLOSED) {
            giveBack();
        }
    }

    private void giveBack() {
        FileCalls.close(number);
        if (afterClose != null) {
            afterClose.run();
        }
    }

    /** What it is and whose. */
    String what() {
        return what;
    }

    /** Two descriptors are never equal, even of the same file. */
    @Override
    public String toString() {
        return what + " (descriptor " + number + ")";
    }
}
