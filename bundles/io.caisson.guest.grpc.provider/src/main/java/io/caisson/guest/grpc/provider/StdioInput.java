package io.caisson.guest.grpc.provider;

import io.caisson.guest.grpc.provider.proto.StdioAttached.Status;
import io.caisson.vsock.api.GuestStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What a process reads, as the host writes it. A ring keeps what the guest has not acknowledged; a thread of the
 * stream's own, the keeper, reads the acknowledgements and, when the connection breaks, attaches anew and sends the rest
 * again. Whoever has something to send drains the ring; a second one leaves that to the first.
 *
 * <p>Offsets count bytes of the whole stream: {@code acknowledged ≤ sent ≤ written}, all guarded by this object's
 * monitor, as are the other mutable fields. The monitor is never held while a connection is used.
 */
final class StdioInput extends OutputStream {
    private static final int CAPACITY = 256 << 10;
    /** How often in a row attaching may fail, or a connection break soon and without progress. */
    private static final int ATTEMPTS = 3;
    /** A connection that lasts longer was good, even if there was nothing to send. */
    private static final long SOON_NANOS = 1_000_000_000L;

    private final StdioAttacher attacher;
    private final ThreadFactory threads;
    /** Above zero while a thread drains; raised by those who leave it to that thread. */
    private final AtomicInteger draining = new AtomicInteger();

    private byte @Nullable [] ring;
    private long acknowledged;
    private long sent;
    private long written;
    private GuestStream connection;
    private boolean ended;
    private boolean endSent;
    private @Nullable IOException failure;

    /** Attaches to the stream where the guest is. */
    StdioInput(StdioAttacher attacher, ThreadFactory threads) throws IOException, InterruptedException {
        this.attacher = attacher;
        this.threads = threads;
        StdioAttacher.Attached attached = attacher.attach(0);
        connection = attached.connection();
        acknowledged = attached.offset();
        sent = attached.offset();
        written = attached.offset();
        threads.newThread(this::keep).start();
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] source, int from, int length) throws IOException {
        Objects.checkFromIndexSize(from, length, source.length);
        int done = 0;
        while (done < length) {
            done += keepForSending(source, from + done, length - done);
            drain();
        }
    }

    /** Copies as much as there is room for into the ring, at least one byte; waits for room. */
    private synchronized int keepForSending(byte[] source, int from, int length) throws IOException {
        while (failure == null && !ended && written - acknowledged == CAPACITY) {
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("writing " + attacher + " was interrupted");
            }
        }
        if (failure != null) {
            throw new IOException(failure.getMessage(), failure);
        }
        if (ended) {
            throw new IOException(attacher + " is closed");
        }
        if (ring == null) {
            ring = new byte[CAPACITY];
        }
        int at = (int) (written % CAPACITY);
        int room = (int) (CAPACITY - (written - acknowledged));
        int count = Math.min(Math.min(length, room), CAPACITY - at);
        System.arraycopy(source, from, ring, at, count);
        written += count;
        return count;
    }

    /** Sends what is in the ring, unless another thread is at it, which then sends this too. */
    private void drain() throws InterruptedIOException {
        if (draining.getAndIncrement() == 0) {
            try {
                drainAll();
            } catch (InterruptedIOException e) {
                // Others may have left their bytes to this thread.
                threads.newThread(this::goOnDraining).start();
                throw e;
            }
        }
    }

    /** Sends what is in the ring on another thread: the keeper must take acknowledgements meanwhile. */
    private void drainAside() {
        if (draining.getAndIncrement() == 0) {
            threads.newThread(this::goOnDraining).start();
        }
    }

    private void goOnDraining() {
        try {
            drainAll();
        } catch (InterruptedIOException e) {
            fail(e);
        }
    }

    private void drainAll() throws InterruptedIOException {
        int asked;
        do {
            asked = draining.get();
            boolean more = true;
            while (more) {
                more = sendSome();
            }
        } while (draining.addAndGet(-asked) != 0);
    }

    /** Sends one piece of the ring, or the end of the stream; false when there is nothing to send, or no way. */
    private boolean sendSome() throws InterruptedIOException {
        GuestStream current;
        byte[] bytes;
        int at;
        int count;
        synchronized (this) {
            current = connection;
            bytes = ring;
            at = (int) (sent % CAPACITY);
            count = (int) Math.min(written - sent, CAPACITY - at);
            if (failure != null || endSent || (count == 0 && !ended)) {
                return false;
            }
            endSent = count == 0;
        }
        try {
            if (count == 0 || bytes == null) {
                current.shutdownOutput();
                return false;
            }
            current.output().write(bytes, at, count);
        } catch (InterruptedIOException e) {
            // How much went out is unknown: the keeper finds the connection broken and asks the guest.
            current.reset();
            throw e;
        } catch (IOException e) {
            current.reset();
            return false;
        }
        synchronized (this) {
            if (connection == current) {
                sent += count;
            }
            return true;
        }
    }

    /** The keeper's work: takes acknowledgements until the stream is over. */
    private void keep() {
        GuestStream current;
        synchronized (this) {
            current = connection;
        }
        int fruitless = 0;
        while (current != null) {
            long begun = System.nanoTime();
            long before = acknowledged();
            try {
                takeAcknowledgements(current);
                current.close();
                return;
            } catch (EOFException e) {
                current.reset();
                fail(e);
                return;
            } catch (IOException e) {
                current.reset();
                boolean soon = System.nanoTime() - begun < SOON_NANOS;
                current = attachAgain(e);
                fruitless = soon && acknowledged() == before ? fruitless + 1 : 0;
                if (fruitless == ATTEMPTS && current != null) {
                    fail(lost(e));
                    current.reset();
                    return;
                }
            }
        }
    }

    private synchronized long acknowledged() {
        return acknowledged;
    }

    private IOException lost(IOException cause) {
        return new IOException("writing " + attacher + ": the connection to the guest is lost", cause);
    }

    /**
     * Reads acknowledgements until the guest has everything and closes.
     *
     * @throws EOFException the guest closed before: nothing reads the stream any more
     */
    private void takeAcknowledgements(GuestStream current) throws IOException {
        InputStream input = current.input();
        byte[] bytes = new byte[256];
        ByteBuffer numbers = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int filled = 0;
        for (int count = input.read(bytes, 0, bytes.length);
                count >= 0;
                count = input.read(bytes, filled, bytes.length - filled)) {
            filled += count;
            int whole = filled / Long.BYTES * Long.BYTES;
            if (whole > 0) {
                acknowledge(numbers.getLong(whole - Long.BYTES));
                System.arraycopy(bytes, whole, bytes, 0, filled - whole);
                filled -= whole;
            }
        }
        synchronized (this) {
            if (!endSent || acknowledged < written) {
                throw new EOFException("writing " + attacher + ": the process no longer reads it");
            }
        }
    }

    private synchronized void acknowledge(long offset) throws IOException {
        if (offset < acknowledged || offset > written) {
            throw new IOException("writing " + attacher + ": the guest acknowledges byte " + offset + " of bytes "
                    + acknowledged + " to " + written);
        }
        acknowledged = offset;
        notifyAll();
    }

    /** Goes on with a new connection; null when the stream is over. */
    private @Nullable GuestStream attachAgain(IOException broken) {
        IOException cause = broken;
        for (int attempt = 0; attempt < ATTEMPTS && !isOver(); attempt++) {
            try {
                StdioAttacher.Attached attached = attacher.attach(0);
                if (resume(attached)) {
                    drainAside();
                    return attached.connection();
                }
                attached.connection().reset();
                return null;
            } catch (StdioAttacher.RefusedException e) {
                // Once the end was sent, ENDED says that the guest had it all and only its last word was lost.
                if (e.status() != Status.STATUS_ENDED || !allDelivered()) {
                    fail(e);
                }
                return null;
            } catch (IOException e) {
                cause = e;
            } catch (InterruptedException e) {
                cause = new InterruptedIOException("attaching to " + attacher + " was interrupted");
                break;
            }
        }
        fail(lost(cause));
        return null;
    }

    private synchronized boolean isOver() {
        return failure != null;
    }

    private synchronized boolean allDelivered() {
        if (endSent) {
            acknowledged = written;
        }
        return endSent;
    }

    private synchronized boolean resume(StdioAttacher.Attached attached) {
        if (failure != null) {
            return false;
        }
        if (attached.offset() < acknowledged || attached.offset() > written) {
            fail(new IOException("writing " + attacher + ": the guest asks for byte " + attached.offset()
                    + ", but bytes " + acknowledged + " to " + written + " are kept"));
            return false;
        }
        connection = attached.connection();
        acknowledged = attached.offset();
        sent = attached.offset();
        endSent = false;
        notifyAll();
        return true;
    }

    private synchronized void fail(IOException cause) {
        if (failure == null) {
            failure = cause;
        }
        notifyAll();
    }

    /** Ends the stream: the process sees the end of its input after all that was written. Does not wait for that. */
    @Override
    public void close() throws IOException {
        synchronized (this) {
            if (ended) {
                return;
            }
            ended = true;
            notifyAll();
        }
        drain();
    }

    /** Drops the stream and what has not been delivered. */
    void abandon() {
        fail(new IOException(attacher + " is closed"));
        GuestStream current;
        synchronized (this) {
            current = connection;
        }
        current.reset();
    }
}
