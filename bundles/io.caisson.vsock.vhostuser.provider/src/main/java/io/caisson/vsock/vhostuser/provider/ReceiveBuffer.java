package io.caisson.vsock.vhostuser.provider;

import io.caisson.virtio.library.DescriptorChain;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * What a guest has sent on one stream and nobody has read yet: a ring of bytes between one producer, the device
 * thread, and one consumer, whoever holds the stream's reading lock. Its memory comes from the pool when the first
 * bytes do and goes back when the ring has been empty for a while, so an idle stream has none.
 */
final class ReceiveBuffer {
    /** What the guest is told it may send ahead. A power of two, so that the free-running counters may wrap. */
    static final int CAPACITY = 256 << 10;

    private static final int MASK = CAPACITY - 1;
    private static final VarHandle HEAD;
    private static final VarHandle TAIL;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            HEAD = lookup.findVarHandle(ReceiveBuffer.class, "head", int.class);
            TAIL = lookup.findVarHandle(ReceiveBuffer.class, "tail", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Bytes taken out so far, modulo 2^32; written by the consumer. What vsock calls fwd_cnt. */
    @SuppressWarnings("unused") // through HEAD
    private int head;

    /** Bytes put in so far, modulo 2^32; written by the producer. */
    @SuppressWarnings("unused") // through TAIL
    private int tail;

    /**
     * Replaced by the producer, while the ring is empty; the consumer looks at it only after it has seen, by acquiring
     * the tail, that the ring is not.
     */
    private byte @Nullable [] bytes;

    /** Whether bytes came since {@link #reclaim} last looked; the producer's. */
    private boolean busy;

    /** Bytes there to be read. */
    int available() {
        return (int) TAIL.getAcquire(this) - (int) HEAD.getAcquire(this);
    }

    /** Bytes taken out so far, modulo 2^32. */
    int taken() {
        return (int) HEAD.getAcquire(this);
    }

    /** The producer: bytes that still fit. */
    int room() {
        // Acquire: the consumer has finished copying what it says it has taken.
        return CAPACITY - ((int) TAIL.get(this) - (int) HEAD.getAcquire(this));
    }

    /** The producer: puts bytes of a chain in, at most {@link #room}. */
    void put(DescriptorChain chain, long position, int length, BufferPool pool) {
        byte[] ring = bytes;
        if (ring == null) {
            ring = pool.take();
            bytes = ring;
        }
        busy = true;
        int at = (int) TAIL.get(this);
        int first = Math.min(length, CAPACITY - (at & MASK));
        chain.read(position, ring, at & MASK, first);
        if (first < length) {
            chain.read(position + first, ring, 0, length - first);
        }
        TAIL.setRelease(this, at + length);
    }

    /** The consumer: takes up to {@code length} bytes out; 0 when there are none. */
    int take(byte[] target, int offset, int length) {
        int at = (int) HEAD.get(this);
        int n = Math.min(length, (int) TAIL.getAcquire(this) - at);
        byte[] ring = bytes;
        if (n == 0 || ring == null) {
            return 0;
        }
        int first = Math.min(n, CAPACITY - (at & MASK));
        System.arraycopy(ring, at & MASK, target, offset, first);
        System.arraycopy(ring, 0, target, offset + first, n - first);
        HEAD.setRelease(this, at + n);
        return n;
    }

    /**
     * The producer: gives the memory back if nothing is in it and nothing came since the last call.
     *
     * @return whether it still has some
     */
    boolean reclaim(BufferPool pool) {
        byte[] ring = bytes;
        if (ring != null && !busy && available() == 0) {
            bytes = null;
            pool.give(ring);
        }
        busy = false;
        return bytes != null;
    }

    /** Memory for rings, kept for the next stream up to 1 MiB. For the device thread alone. */
    static final class BufferPool {
        private static final int KEPT = 16;

        private final byte[][] free = new byte[KEPT][];
        private int count;

        byte[] take() {
            return count > 0 ? free[--count] : new byte[CAPACITY];
        }

        void give(byte[] bytes) {
            if (count < KEPT) {
                free[count++] = bytes;
            }
        }
    }
}
