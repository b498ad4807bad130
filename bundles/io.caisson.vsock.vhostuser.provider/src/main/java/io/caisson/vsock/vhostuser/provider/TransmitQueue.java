package io.caisson.vsock.vhostuser.provider;

import io.caisson.virtio.library.DescriptorChain;
import io.caisson.virtio.library.SplitVirtqueue;
import io.caisson.virtio.library.VirtioFormatException;
import io.caisson.virtio.library.VsockHeader;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The queue on which the guest transmits (VIRTIO 1.2, section 5.10.2: transmitq), and what each packet does (section
 * 5.10.6). For the device thread alone.
 */
final class TransmitQueue {
    /** So many packets are taken before the device looks at its other descriptors. */
    private static final int BUDGET = 256;

    /** So many before readers are woken and the guest is told. */
    private static final int BATCH = 64;

    private static final int MAX_DESCRIPTORS = 1024;
    private static final long MAX_PACKET = 16L << 20;

    private final Device device;
    private final Vring vring;
    private final DescriptorChain chain = new DescriptorChain(MAX_DESCRIPTORS, MAX_PACKET);
    private final VsockHeader header = new VsockHeader();
    private final ArrayList<Connection> readers = new ArrayList<>();
    private final ReceiveBuffer.BufferPool pool = new ReceiveBuffer.BufferPool();
    private boolean answered;

    TransmitQueue(Device device) {
        this.device = device;
        vring = device.vrings[Device.TRANSMIT];
    }

    /**
     * Takes what the guest has sent.
     *
     * @return true when there may be more now, and no kick will come for it
     */
    boolean drain() throws VirtioFormatException {
        SplitVirtqueue queue = vring.queue();
        if (queue == null) {
            return false;
        }
        int taken = 0;
        do {
            queue.suppressNotifications();
            while (!device.receive.isBacklogFull()) {
                if (taken == BUDGET) {
                    finishBatch();
                    return true;
                }
                if (!queue.next(chain)) {
                    break;
                }
                packet();
                queue.complete(chain.head(), 0);
                if (++taken % BATCH == 0) {
                    finishBatch();
                }
            }
            finishBatch();
            if (device.receive.isBacklogFull()) {
                // The receive queue's next kick brings the device thread back here.
                return false;
            }
        } while (queue.requestNotification());
        return false;
    }

    private void finishBatch() {
        if (!readers.isEmpty()) {
            // Full fence: the bytes must be visible before a reader is found not to wait. Pairs with the reader's own
            // between saying that it waits and looking again.
            VarHandle.fullFence();
            for (Connection each : readers) {
                each.wakeMarked();
            }
            readers.clear();
        }
        if (answered) {
            answered = false;
            device.receive.announce();
        }
        vring.announce();
    }

    private void packet() throws VirtioFormatException {
        if (chain.writableBytes() > 0) {
            throw new VirtioFormatException("transmit queue", chain.head(), 0, "a packet with writable bytes");
        }
        header.readFrom(chain);
        if (header.srcCid() != Device.GUEST_CID || header.dstCid() != VsockHeader.HOST_CID) {
            return;
        }
        int op = header.op();
        int hostPort = header.dstPort();
        int guestPort = header.srcPort();
        if (header.type() != VsockHeader.TYPE_STREAM) {
            if (op != VsockHeader.OP_RST) {
                refuse(hostPort, guestPort);
            }
            return;
        }
        Connection connection = device.connections.find(hostPort, guestPort);
        if (op == VsockHeader.OP_REQUEST) {
            request(connection, hostPort, guestPort);
        } else if (connection != null) {
            connection.peerCredit(header.bufAlloc(), header.fwdCnt());
            packet(connection, op);
        } else if (op != VsockHeader.OP_RST) {
            refuse(hostPort, guestPort);
        }
    }

    private void packet(Connection connection, int op) {
        if (!connection.isEstablished() && op != VsockHeader.OP_RESPONSE && op != VsockHeader.OP_RST) {
            connection.refused();
            reset(connection);
            return;
        }
        switch (op) {
            case VsockHeader.OP_RESPONSE -> connection.established();
            case VsockHeader.OP_RST -> connection.lost("the guest reset it", pool);
            case VsockHeader.OP_SHUTDOWN -> shutdown(connection);
            case VsockHeader.OP_RW -> payload(connection);
            case VsockHeader.OP_CREDIT_REQUEST -> device.receive.creditUpdate(connection);
            default -> {
                // A credit update has done its work above; an operation of a later specification does none.
            }
        }
    }

    private void request(@Nullable Connection existing, int hostPort, int guestPort) {
        if (existing != null) {
            existing.lost("the guest connected again from the same port", pool);
            reset(existing);
            return;
        }
        Listener listener = device.listeners.get(hostPort);
        if (listener == null || !listener.hasRoom()) {
            refuse(hostPort, guestPort);
            return;
        }
        Connection connection = new Connection(device, new Connections.Key(hostPort, guestPort), true);
        connection.peerCredit(header.bufAlloc(), header.fwdCnt());
        connection.established();
        if (!device.connections.add(connection)) {
            refuse(hostPort, guestPort);
            return;
        }
        // The answer goes before anything that whoever accepts may write.
        device.receive.control(connection, VsockHeader.OP_RESPONSE, 0);
        answered = true;
        listener.offer(connection);
    }

    private void shutdown(Connection connection) {
        if (connection.peerShutdown(header.flags() & VsockHeader.SHUTDOWN_BOTH)) {
            // Section 5.10.6.6.5: the reset acknowledges, and frees the pair of ports at the other end.
            device.connections.remove(connection);
            reset(connection);
        }
    }

    private void payload(Connection connection) {
        int length = header.len();
        if (length == 0) {
            return;
        }
        if (!connection.deliver(chain, VsockHeader.BYTES, length, pool)) {
            connection.lost("the guest sent more than it had credit for", pool);
            reset(connection);
        } else if (connection.markForWakeUp()) {
            readers.add(connection);
        }
    }

    private void reset(Connection connection) {
        device.receive.control(connection, VsockHeader.OP_RST, 0);
        answered = true;
    }

    private void refuse(int hostPort, int guestPort) {
        device.receive.refuse(hostPort, guestPort);
        answered = true;
    }

    /** Ends streams whose guest did not acknowledge their end in time, and takes memory back from idle ones. */
    void tidy() {
        device.tidying(false);
        boolean again = false;
        long now = System.nanoTime();
        for (Connection each : device.connections.all()) {
            if (each.isOverdue(now)) {
                each.lost("the guest did not acknowledge its end", pool);
                reset(each);
            } else {
                again |= each.tidy(pool);
            }
        }
        finishBatch();
        if (again) {
            device.tidying(true);
        }
    }

    /** Breaks every stream. */
    void loseAll(String why) {
        for (Connection each : device.connections.all()) {
            each.lost(why, pool);
        }
    }
}
