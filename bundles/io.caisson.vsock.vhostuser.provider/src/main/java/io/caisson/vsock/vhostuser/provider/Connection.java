package io.caisson.vsock.vhostuser.provider;

import io.caisson.virtio.library.DescriptorChain;
import io.caisson.virtio.library.VsockHeader;
import io.caisson.vsock.api.GuestStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One stream. The device thread delivers and reports what the guest did; one thread reads, parked while there is
 * nothing; one writes, under the device lock. It may outlive its place in the table of connections: what had arrived
 * before the end can still be read.
 */
final class Connection implements GuestStream {
    /** The longest a write holds the device lock for, in bytes. */
    private static final int WRITE_AT_ONCE = 64 << 10;

    private static final long ALL_BITS = 0xffff_ffffL;

    private final Device device;
    private final Connections.Key key;
    private final boolean incoming;
    private final ReceiveBuffer buffer = new ReceiveBuffer();
    private final ReentrantLock reading = new ReentrantLock();
    private final Condition creditCame;
    private final InputStream input = new Input();
    private final OutputStream output = new Output();

    /** Who is parked until something arrives: the reader, or before there is one who opens the stream. */
    private volatile @Nullable Thread waiting;

    private volatile boolean established;
    /** The guest will send no more. */
    private volatile boolean guestEnded;
    /** The guest receives no more. */
    private volatile boolean guestDeaf;
    /** We have closed or reset it. */
    private volatile boolean closed;
    /** Why the connection is no more, if neither end closed it in order. */
    private volatile @Nullable String lost;

    /** The guest's buf_alloc in the upper half and its fwd_cnt in the lower: one value, so that both fit together. */
    private volatile long peerCredit;

    /** Whether the writer waits for credit; written under the device lock. */
    private volatile boolean awaitingCredit;

    // Under the device lock.
    private boolean outputShut;
    private int sent;
    private volatile int advertised;
    private boolean updateQueued;
    private long closedAt;

    /** The device thread's: whether its batch has this one down for a wake-up. */
    private boolean wakeUpDue;

    /** @param incoming whether the guest opened it */
    Connection(Device device, Connections.Key key, boolean incoming) {
        this.device = device;
        this.key = key;
        this.incoming = incoming;
        creditCame = device.lock.newCondition();
    }

    Connections.Key key() {
        return key;
    }

    private IOException failure(String problem) {
        return new IOException((incoming
                        ? "the stream from " + device.name + " to port " + Integer.toUnsignedString(key.hostPort())
                        : "the stream to port " + Integer.toUnsignedString(key.guestPort()) + " of " + device.name)
                + ": " + problem);
    }

    // What the guest did: the device thread.

    boolean isEstablished() {
        return established;
    }

    void established() {
        established = true;
        wakeReader();
    }

    /** The guest refused it, or made no sense before it was established. */
    void refused() {
        lost("the guest refused it", null);
    }

    /** Ends it for the host as well. What was delivered can still be read. */
    void lost(String why, ReceiveBuffer.@Nullable BufferPool pool) {
        if (lost == null) {
            lost = why;
        }
        device.connections.remove(this);
        if (pool != null) {
            // Twice: the first call takes note that nothing more will come.
            buffer.reclaim(pool);
            buffer.reclaim(pool);
        }
        wakeAll();
    }

    /** Takes over what the guest says of its buffer. */
    void peerCredit(int bufAlloc, int fwdCnt) {
        long value = (long) bufAlloc << 32 | (fwdCnt & ALL_BITS);
        if (value != peerCredit) {
            peerCredit = value;
            if (awaitingCredit) {
                wakeWriter();
            }
        }
    }

    /** Takes payload over; false when the guest had no credit for it. */
    boolean deliver(DescriptorChain chain, long position, int length, ReceiveBuffer.BufferPool pool) {
        if (closed) {
            return true;
        }
        if (length < 0 || length > buffer.room()) {
            return false;
        }
        buffer.put(chain, position, length, pool);
        if (!device.isTidying()) {
            device.tidying(true);
        }
        return true;
    }

    /** Whether to add it to the batch of those to wake. */
    boolean markForWakeUp() {
        boolean first = !wakeUpDue;
        wakeUpDue = true;
        return first;
    }

    /** Takes note of what the guest will not do any more; true when that is everything. */
    boolean peerShutdown(int flags) {
        if ((flags & VsockHeader.SHUTDOWN_SEND) != 0) {
            guestEnded = true;
        }
        if ((flags & VsockHeader.SHUTDOWN_RECEIVE) != 0) {
            guestDeaf = true;
        }
        wakeAll();
        return guestEnded && guestDeaf;
    }

    boolean isOverdue(long now) {
        device.lock.lock();
        try {
            return closedAt != 0 && now - closedAt > device.closeTimeoutNanos;
        } finally {
            device.lock.unlock();
        }
    }

    /** Takes memory back if it is idle; true when it has to be looked at again later. */
    boolean tidy(ReceiveBuffer.BufferPool pool) {
        boolean hasMemory = buffer.reclaim(pool);
        return hasMemory || closed;
    }

    /** The batch that it was marked for is done. */
    void wakeMarked() {
        wakeUpDue = false;
        wakeReader();
    }

    private void wakeReader() {
        Thread thread = waiting;
        if (thread != null) {
            // Cleared before, not after: who parks again meanwhile is woken once more.
            waiting = null;
            LockSupport.unpark(thread);
        }
    }

    private void wakeWriter() {
        device.lock.lock();
        try {
            awaitingCredit = false;
            creditCame.signalAll();
        } finally {
            device.lock.unlock();
        }
    }

    private void wakeAll() {
        wakeReader();
        wakeWriter();
    }

    // Opening: the thread that opens it.

    /** How waiting for the guest's answer ended. */
    enum Answer {
        ACCEPTED,
        REFUSED,
        NONE
    }

    Answer awaitAnswer(long deadline) throws IOException, InterruptedException {
        while (!established) {
            if (lost != null) {
                device.requireRunning();
                return Answer.REFUSED;
            }
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                return Answer.NONE;
            }
            waiting = Thread.currentThread();
            VarHandle.fullFence();
            if (!established && lost == null) {
                LockSupport.parkNanos(this, left);
            }
            waiting = null;
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
        return Answer.ACCEPTED;
    }

    // Writing: under the device lock.

    void requireWritable() throws IOException {
        device.requireRunning();
        String why = unwritable();
        if (why != null) {
            throw failure(why);
        }
    }

    private @Nullable String unwritable() {
        if (closed) {
            return "it is closed";
        }
        if (outputShut) {
            return "its output is shut down";
        }
        return lost == null && guestDeaf ? "the guest receives no more" : lost;
    }

    /** How many bytes the guest has room for (VIRTIO 1.2, section 5.10.6.3). */
    int credit() {
        long peer = peerCredit;
        long underWay = (sent - (int) peer) & ALL_BITS;
        return (int) Math.max(0, Math.min(Integer.MAX_VALUE, (peer >>> 32) - underWay));
    }

    void sent(int bytes) {
        sent += bytes;
    }

    /** Waits until the guest has room or the stream cannot be written any more. */
    void awaitCredit() throws InterruptedException {
        while (credit() == 0 && unwritable() == null) {
            awaitingCredit = true;
            // The device thread writes the credit and then reads the flag, we do the reverse: one of us sees the other.
            if (credit() == 0) {
                creditCame.await();
            }
        }
    }

    /** What to tell the guest that was taken out of the buffer. */
    int advertise() {
        updateQueued = false;
        advertised = buffer.taken();
        return advertised;
    }

    /** Whether a credit update is worth queuing: not when one waits already, or the guest does not know the stream. */
    boolean beginUpdate() {
        if (updateQueued || !device.connections.contains(this)) {
            return false;
        }
        updateQueued = true;
        return true;
    }

    // GuestStream: any thread.

    @Override
    public InputStream input() {
        return input;
    }

    @Override
    public OutputStream output() {
        return output;
    }

    @Override
    public void shutdownOutput() throws IOException {
        device.lock.lock();
        try {
            if (outputShut) {
                return;
            }
            if (closed || lost != null || !guestDeaf) {
                requireWritable();
                device.receive.control(this, VsockHeader.OP_SHUTDOWN, VsockHeader.SHUTDOWN_SEND);
                device.receive.announce();
            }
            outputShut = true;
            creditCame.signalAll();
        } finally {
            device.lock.unlock();
        }
    }

    @Override
    public void close() {
        end(VsockHeader.OP_SHUTDOWN, VsockHeader.SHUTDOWN_BOTH);
    }

    @Override
    public void reset() {
        end(VsockHeader.OP_RST, 0);
    }

    private void end(int op, int flags) {
        device.lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            if (device.connections.contains(this)) {
                device.receive.control(this, op, flags);
                device.receive.announce();
                if (op == VsockHeader.OP_RST) {
                    device.connections.remove(this);
                } else {
                    closedAt = System.nanoTime() | 1;
                    device.tidyLater();
                }
            }
        } finally {
            device.lock.unlock();
        }
        wakeAll();
    }

    private int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        try {
            reading.lockInterruptibly();
            try {
                int n = take(target, offset, length);
                if (n > 0 && buffer.taken() - advertised >= ReceiveBuffer.CAPACITY / 4) {
                    device.receive.creditUpdate(this);
                }
                return n;
            } finally {
                reading.unlock();
            }
        } catch (InterruptedException e) {
            throw interrupted("read", 0);
        }
    }

    private int take(byte[] target, int offset, int length) throws IOException, InterruptedException {
        while (true) {
            if (closed) {
                throw failure("it is closed");
            }
            // Before the buffer is looked at: what was delivered before the end must not be missed.
            boolean ended = guestEnded;
            String why = lost;
            int n = buffer.take(target, offset, length);
            if (n > 0) {
                return n;
            }
            if (ended) {
                return -1;
            }
            if (why != null) {
                throw failure(why);
            }
            waiting = Thread.currentThread();
            // Full fence: who delivers must see that we wait, or we what was delivered. Pairs with the device thread's.
            VarHandle.fullFence();
            if (buffer.available() == 0 && !guestEnded && lost == null && !closed) {
                LockSupport.park(this);
            }
            waiting = null;
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
    }

    private InterruptedIOException interrupted(String doing, int transferred) {
        Thread.currentThread().interrupt();
        InterruptedIOException failure = new InterruptedIOException(
                failure("interrupted during a " + doing).getMessage());
        failure.bytesTransferred = transferred;
        return failure;
    }

    final class Input extends InputStream {
        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return Connection.this.read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            return Connection.this.read(target, offset, length);
        }

        @Override
        public int available() {
            return closed ? 0 : buffer.available();
        }

        @Override
        public void close() {
            Connection.this.close();
        }
    }

    final class Output extends OutputStream {
        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] source, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, source.length);
            int done = 0;
            try {
                while (done < length) {
                    int piece = Math.min(length - done, WRITE_AT_ONCE);
                    int n = device.receive.write(Connection.this, source, offset + done, piece);
                    done += n;
                    if (n < piece) {
                        throw interrupted("write", done);
                    }
                }
            } catch (InterruptedException e) {
                throw interrupted("write", done);
            }
        }

        @Override
        public void close() {
            Connection.this.close();
        }
    }
}
