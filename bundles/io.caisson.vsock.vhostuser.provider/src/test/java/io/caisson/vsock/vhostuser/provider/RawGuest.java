package io.caisson.vsock.vhostuser.provider;

import io.caisson.virtio.library.DriverVirtqueue;
import io.caisson.virtio.library.VsockHeader;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;

/**
 * A guest without a kernel: a test puts single packets and descriptors into the transmit queue and takes single packets
 * out of the receive queue, right or wrong, on its own thread.
 */
final class RawGuest implements AutoCloseable {
    /** Where a packet's header goes; its payload follows. */
    static final long PACKET = 0x400000;

    static final long TABLE = 0x300000;
    static final long DESCRIPTORS = TestMonitor.RINGS + TestMonitor.RING_STRIDE;
    static final long RECEIVE_DESCRIPTORS = TestMonitor.RINGS;
    static final int GUEST_PORT = 9;
    static final int HOST_PORT = 77;

    private static final long BUFFERS = 0x200000;
    private static final int BUFFER_BYTES = 4096;

    private final VhostUserEndpoint endpoint;
    final TestMonitor monitor;
    final MemorySegment memory;
    final DriverVirtqueue receive;
    final DriverVirtqueue transmit;

    /** A packet of the device's. */
    record Packet(int hostPort, int guestPort, int op, int flags, int length, int bufAlloc, int fwdCnt) {}

    private final ArrayDeque<Packet> received = new ArrayDeque<>();

    /** A driver alone, of a monitor that has yet to start the device. */
    RawGuest(VhostUserEndpoint endpoint, TestMonitor monitor, int buffers) {
        this.endpoint = endpoint;
        this.monitor = monitor;
        memory = monitor.memory();
        receive = queue(RECEIVE_DESCRIPTORS);
        transmit = queue(DESCRIPTORS);
        addBuffers(buffers);
    }

    /** A device that runs, with so many buffers to receive into. */
    static RawGuest started(VhostUserEndpoint endpoint, int buffers) throws IOException, InterruptedException {
        TestMonitor monitor = new TestMonitor(VhostUserContractTest.socket(endpoint));
        RawGuest guest = new RawGuest(endpoint, monitor, buffers);
        monitor.realize();
        monitor.start(TestMonitor.FEATURES, 0, 0);
        return guest;
    }

    private DriverVirtqueue queue(long at) {
        return new DriverVirtqueue(
                memory, TestMonitor.QUEUE_SIZE, at, at + TestMonitor.AVAIL, at + TestMonitor.USED, true);
    }

    /** Makes buffers available to the device, without telling it. */
    void addBuffers(int count) {
        for (int i = 0; i < count; i++) {
            receive.add(new long[] {BUFFERS + (long) BUFFER_BYTES * i}, new int[] {BUFFER_BYTES}, 0);
        }
    }

    void kickReceive() throws IOException {
        monitor.kicks[0].signal();
    }

    void kickTransmit() throws IOException {
        monitor.kicks[1].signal();
    }

    /** Writes a header for {@link #PACKET} with the usual ports. */
    void header(int op, int length) {
        header(op, 0, length, HOST_PORT, GUEST_PORT);
    }

    void header(int op, int flags, int length, int hostPort, int guestPort) {
        TestGuest.header(memory, PACKET, hostPort, guestPort, op, flags, length, 0);
    }

    /** Sends what lies at {@link #PACKET}, so many bytes, and waits until the device has taken it. */
    void send(int bytes) throws IOException {
        transmit.add(new long[] {PACKET}, new int[] {bytes}, 1);
        kickTransmit();
        while (!transmit.poll()) {
            requireAlive();
            Thread.onSpinWait();
        }
    }

    /** Sends it so many times. */
    void flood(int times) throws IOException {
        int taken = 0;
        for (int sent = 0; taken < times; ) {
            while (sent < times && transmit.free() > 0) {
                transmit.add(new long[] {PACKET}, new int[] {VsockHeader.BYTES}, 1);
                sent++;
            }
            kickTransmit();
            while (transmit.poll()) {
                taken++;
            }
            requireAlive();
        }
    }

    private void requireAlive() throws IOException {
        if (endpoint.isStopped()) {
            throw new IOException("the device has stopped");
        }
        if (Thread.interrupted()) {
            throw new InterruptedIOException("the device does not answer");
        }
    }

    void sendControl(int op) throws IOException {
        header(op, 0);
        send(VsockHeader.BYTES);
    }

    /** The next packet of the device's; its buffer is given back. */
    Packet next() throws IOException {
        while (received.isEmpty()) {
            poll();
            requireAlive();
            Thread.onSpinWait();
        }
        return received.remove();
    }

    /** Whether the device has sent something that {@link #next} has not given. */
    boolean hasNext() {
        poll();
        return !received.isEmpty();
    }

    private void poll() {
        while (receive.poll()) {
            // Buffers are taken and given back in order, so a head says where its buffer lies.
            long at = BUFFERS + (long) BUFFER_BYTES * receive.usedHead();
            received.add(new Packet(
                    word(at + 16),
                    word(at + 20),
                    word(at + 28) >>> 16,
                    word(at + 32),
                    word(at + 24),
                    word(at + 36),
                    word(at + 40)));
            receive.add(new long[] {at}, new int[] {BUFFER_BYTES}, 0);
            if (receive.mustKick()) {
                try {
                    kickReceive();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            }
        }
    }

    private int word(long at) {
        return memory.get(ValueLayout.JAVA_INT_UNALIGNED, at);
    }

    @Override
    public void close() {
        monitor.close();
    }
}
