package io.caisson.vsock.vhostuser.provider;

import io.caisson.virtio.library.DescriptorChain;
import io.caisson.virtio.library.SplitVirtqueue;
import io.caisson.virtio.library.VirtioFormatException;
import io.caisson.virtio.library.VsockHeader;
import java.io.IOException;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The queue on which the guest receives (VIRTIO 1.2, section 5.10.2: receiveq). Applications' threads copy what they
 * write straight into the guest's buffers, under the device lock, and interrupt the guest themselves. Control packets
 * that find no buffer wait in a backlog, in order, and payload waits for the backlog.
 */
final class ReceiveQueue {
    /**
     * So many control packets may wait before the device takes no more from the guest, which so cannot make it grow.
     * Applications add a few more for each connection at most.
     */
    static final int BACKLOG_LIMIT = 4096;

    private static final int MAX_DESCRIPTORS = 1024;
    private static final long MAX_BUFFER = 16L << 20;
    private static final byte[] NO_PAYLOAD = {};

    private final Device device;
    private final Vring vring;
    private final DescriptorChain chain = new DescriptorChain(MAX_DESCRIPTORS, MAX_BUFFER);
    private final VsockHeader header = new VsockHeader();
    private final ArrayDeque<Control> backlog = new ArrayDeque<>();
    private int waiters;
    private volatile boolean backlogFull;
    private volatile boolean flushDue;

    /** A packet without payload that waits for a buffer; one without a connection answers a stranger. */
    record Control(@Nullable Connection connection, int hostPort, int guestPort, int op, int flags) {}

    ReceiveQueue(Device device, Vring vring) {
        this.device = device;
        this.vring = vring;
    }

    /**
     * Gives bytes to the guest as it has credit and buffers for them, waiting for both. On an application's thread.
     *
     * @return how many: all, unless waiting was interrupted after some
     * @throws InterruptedException interrupted before any
     */
    int write(Connection connection, byte[] source, int offset, int length) throws IOException, InterruptedException {
        device.lock.lock();
        try {
            int done = 0;
            try {
                while (done < length) {
                    connection.requireWritable();
                    int credit = connection.credit();
                    if (credit == 0) {
                        vring.announce();
                        connection.awaitCredit();
                        continue;
                    }
                    int n = push(
                            connection.key(),
                            connection,
                            VsockHeader.OP_RW,
                            0,
                            source,
                            offset + done,
                            Math.min(credit, length - done));
                    if (n < 0) {
                        awaitBuffers();
                    } else {
                        done += n;
                        connection.sent(n);
                    }
                }
            } catch (InterruptedException e) {
                if (done == 0) {
                    throw e;
                }
                Thread.currentThread().interrupt();
            } finally {
                vring.announce();
            }
            return done;
        } catch (VirtioFormatException e) {
            device.stop(e);
            throw device.stopped();
        } finally {
            device.lock.unlock();
        }
    }

    /**
     * Asks the guest for a connection, waiting until it can be asked. On an application's thread.
     *
     * @return false when the time is up
     */
    boolean request(Connection connection, long deadline) throws IOException, InterruptedException {
        device.lock.lock();
        try {
            while (true) {
                device.requireRunning();
                if (device.isUp()
                        && push(connection.key(), connection, VsockHeader.OP_REQUEST, 0, NO_PAYLOAD, 0, 0) >= 0) {
                    vring.announce();
                    return true;
                }
                if (requestBuffers()) {
                    continue;
                }
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                awaitChange(left);
            }
        } catch (VirtioFormatException e) {
            device.stop(e);
            throw device.stopped();
        } finally {
            device.lock.unlock();
        }
    }

    /** Waits, at most so long, unless the device stops meanwhile. */
    void pause(long nanos) throws IOException, InterruptedException {
        device.lock.lock();
        try {
            long left = nanos;
            while (left > 0) {
                device.requireRunning();
                left = device.changed.awaitNanos(left);
            }
        } finally {
            device.lock.unlock();
        }
    }

    private void awaitBuffers() throws VirtioFormatException, InterruptedException {
        vring.announce();
        if (!requestBuffers()) {
            awaitChange(Long.MAX_VALUE);
        }
    }

    /** Has the guest tell when it adds buffers; true when there are some already that may be used now. */
    private boolean requestBuffers() throws VirtioFormatException {
        SplitVirtqueue queue = vring.queue();
        return queue != null && backlog.isEmpty() && device.isUp() && queue.requestNotification();
    }

    @SuppressWarnings("WaitNotInLoop") // The callers look again, in loops.
    private void awaitChange(long nanos) throws InterruptedException {
        waiters++;
        try {
            device.changed.awaitNanos(nanos);
        } finally {
            waiters--;
        }
    }

    /** Sends a packet without payload, at once or when there is a buffer. Nobody is interrupted yet. */
    void control(Connection connection, int op, int flags) {
        Connections.Key key = connection.key();
        control(new Control(connection, key.hostPort(), key.guestPort(), op, flags));
    }

    /** Refuses what a guest sent on a connection that is none. The device thread. */
    void refuse(int hostPort, int guestPort) {
        control(new Control(null, hostPort, guestPort, VsockHeader.OP_RST, 0));
    }

    private void control(Control packet) {
        device.lock.lock();
        try {
            if (backlog.isEmpty() && push(packet)) {
                return;
            }
            backlog.add(packet);
            backlogFull = backlog.size() >= BACKLOG_LIMIT;
            SplitVirtqueue queue = vring.queue();
            if (queue != null && queue.requestNotification()) {
                flushDue = true;
                device.wake();
            }
        } catch (VirtioFormatException e) {
            device.stop(e);
        } finally {
            device.lock.unlock();
        }
    }

    /** Tells the guest how much of a stream was read. At most one such packet of a connection waits in the backlog. */
    void creditUpdate(Connection connection) {
        device.lock.lock();
        try {
            if (connection.beginUpdate()) {
                control(connection, VsockHeader.OP_CREDIT_UPDATE, 0);
                vring.announce();
            }
        } finally {
            device.lock.unlock();
        }
    }

    /** Interrupts the guest if it wants to know of what was sent. */
    void announce() {
        device.lock.lock();
        try {
            vring.announce();
        } finally {
            device.lock.unlock();
        }
    }

    /** Whether the device must take nothing more from the guest until its answers have gone. */
    boolean isBacklogFull() {
        return backlogFull;
    }

    /** Whether {@link #flush} has something to do though the guest did not kick. */
    boolean isFlushDue() {
        return flushDue;
    }

    /** Sends what waits, once there may be buffers, and wakes who waits for them. The device thread. */
    void flush() throws VirtioFormatException {
        device.lock.lock();
        try {
            flushDue = false;
            SplitVirtqueue queue = vring.queue();
            if (queue == null) {
                return;
            }
            do {
                Control next = backlog.peek();
                while (next != null && push(next)) {
                    backlog.remove();
                    backlogFull = backlog.size() >= BACKLOG_LIMIT;
                    next = backlog.peek();
                }
            } while (!backlog.isEmpty() && queue.requestNotification());
            vring.announce();
            if (backlog.isEmpty()) {
                queue.suppressNotifications();
                if (waiters > 0) {
                    device.changed.signalAll();
                }
            }
        } finally {
            device.lock.unlock();
        }
    }

    /** Forgets what waits, and for whom it was. */
    void clear() {
        device.lock.lock();
        try {
            backlog.clear();
            backlogFull = false;
        } finally {
            device.lock.unlock();
        }
    }

    private boolean push(Control packet) throws VirtioFormatException {
        SplitVirtqueue queue = vring.queue();
        if (queue == null || !nextBuffer(queue)) {
            return false;
        }
        fill(queue, packet.hostPort, packet.guestPort, packet.connection, packet.op, packet.flags, NO_PAYLOAD, 0, 0);
        return true;
    }

    /** Puts one packet into one buffer, behind the backlog. Returns the bytes of payload it took; -1: no buffer. */
    private int push(
            Connections.Key key, Connection connection, int op, int flags, byte[] source, int offset, int length)
            throws VirtioFormatException {
        SplitVirtqueue queue = vring.queue();
        if (queue == null || !backlog.isEmpty() || !nextBuffer(queue)) {
            return -1;
        }
        return fill(queue, key.hostPort(), key.guestPort(), connection, op, flags, source, offset, length);
    }

    private boolean nextBuffer(SplitVirtqueue queue) throws VirtioFormatException {
        if (!queue.next(chain)) {
            return false;
        }
        if (chain.readableBytes() > 0) {
            throw new VirtioFormatException(
                    "receive queue", chain.head(), 0, "a buffer to receive into that is not writable");
        }
        return true;
    }

    private int fill(
            SplitVirtqueue queue,
            int hostPort,
            int guestPort,
            @Nullable Connection connection,
            int op,
            int flags,
            byte[] source,
            int offset,
            int length)
            throws VirtioFormatException {
        long room = chain.writableBytes() - VsockHeader.BYTES;
        int n = (int) Math.min(length, room);
        if (n < 0 || (n == 0 && length > 0)) {
            // Going on would hand out empty packets for as long as the guest adds such buffers.
            throw new VirtioFormatException(
                    "receive queue", chain.head(), 0, "a buffer of " + chain.writableBytes() + " bytes");
        }
        header.address(VsockHeader.HOST_CID, hostPort, Device.GUEST_CID, guestPort);
        header.operation(op, flags, n);
        if (connection == null) {
            header.credit(0, 0);
        } else {
            header.credit(ReceiveBuffer.CAPACITY, connection.advertise());
        }
        header.writeTo(chain);
        if (n > 0) {
            chain.write(VsockHeader.BYTES, source, offset, n);
        }
        queue.complete(chain.head(), VsockHeader.BYTES + n);
        return n;
    }
}
