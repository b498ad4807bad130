package io.caisson.vsock.vhostuser.provider;

import io.caisson.host.linux.ffm.ClosedDescriptorException;
import io.caisson.host.linux.ffm.Epoll;
import io.caisson.host.linux.ffm.Interest;
import io.caisson.virtio.library.DriverVirtqueue;
import io.caisson.virtio.library.VsockHeader;
import io.caisson.vsock.testkit.GuestPeer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.ConnectException;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A guest: the driver of the device's rings and sockets over them, after Linux 6.12's {@code virtio_transport.c} and
 * {@code virtio_transport_common.c}. One thread of its own serves interrupts; everything is under one lock.
 */
final class TestGuest implements GuestPeer {
    static final int BUF_ALLOC = 256 << 10;

    private static final int RECEIVE_BUFFERS = 128;
    private static final int RECEIVE_BYTES = 4096;
    private static final int PACKET = 64 << 10;
    private static final long RECEIVE_AT = 2 << 20;
    private static final long TRANSMIT_AT = 4 << 20;
    private static final int SLOTS = 64;
    private static final long SLOT_BYTES = 0x20000;
    private static final long SLOT_PAYLOAD = 0x1000;

    private final TestMonitor monitor;
    private final MemorySegment memory;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition transmitted = lock.newCondition();
    private final DriverVirtqueue receive;
    private final DriverVirtqueue transmit;
    private final boolean indirect;
    private final ArrayDeque<Integer> freeSlots = new ArrayDeque<>();
    private final ArrayDeque<Control> controls = new ArrayDeque<>();
    private final int[] slotOfHead = new int[TestMonitor.QUEUE_SIZE];
    private final int[] bufferOfHead = new int[TestMonitor.QUEUE_SIZE];
    private final Map<Long, Peer> sockets = new HashMap<>();
    private final Map<Integer, Door> doors = new HashMap<>();
    private final Epoll epoll;
    private final Thread thread;
    private int nextPort = 10_000;
    private boolean dead;
    private volatile @Nullable Exception failure;

    /** Lays out the rings; {@link #boot} starts the device. */
    TestGuest(TestMonitor monitor, long features) throws IOException {
        this.monitor = monitor;
        memory = monitor.memory();
        boolean events = (features & 1L << 29) != 0;
        indirect = (features & 1L << 28) != 0;
        receive = queue(0, events);
        transmit = queue(1, events);
        for (int i = 0; i < SLOTS; i++) {
            freeSlots.add(i);
        }
        for (int i = 0; i < RECEIVE_BUFFERS; i++) {
            addBuffer(i);
        }
        epoll = Epoll.open("of the test guest", 4);
        thread = Thread.ofPlatform().name("test-guest").unstarted(this::serve);
    }

    private DriverVirtqueue queue(int index, boolean events) {
        long at = TestMonitor.RINGS + TestMonitor.RING_STRIDE * index;
        return new DriverVirtqueue(
                memory, TestMonitor.QUEUE_SIZE, at, at + TestMonitor.AVAIL, at + TestMonitor.USED, events);
    }

    /** A guest behind a monitor that does what QEMU does. */
    static TestGuest boot(TestMonitor monitor, long features) throws IOException, InterruptedException {
        TestGuest guest = new TestGuest(monitor, features);
        monitor.realize();
        monitor.start(features, 0, 0);
        guest.run();
        return guest;
    }

    /** Begins to serve interrupts. */
    void run() throws IOException {
        epoll.add(monitor.calls[0].descriptor(), Interest.READ.edgeTriggered(), 0);
        epoll.add(monitor.calls[1].descriptor(), Interest.READ.edgeTriggered(), 1);
        thread.start();
        lock.lock();
        try {
            poll();
        } finally {
            lock.unlock();
        }
    }

    private void addBuffer(int buffer) {
        int head = receive.add(new long[] {RECEIVE_AT + (long) RECEIVE_BYTES * buffer}, new int[] {RECEIVE_BYTES}, 0);
        bufferOfHead[head] = buffer;
    }

    private void serve() {
        try {
            while (true) {
                epoll.await(-1);
                lock.lock();
                try {
                    if (dead) {
                        return;
                    }
                    poll();
                } finally {
                    lock.unlock();
                }
            }
        } catch (ClosedDescriptorException closed) {
            // by stop()
        } catch (IOException | RuntimeException e) {
            failure = e;
            stop();
        }
    }

    private void poll() throws IOException {
        do {
            transmit.disableInterrupts();
            while (transmit.poll()) {
                freeSlots.add(slotOfHead[transmit.usedHead()]);
                transmitted.signalAll();
            }
            sendControls();
        } while (transmit.enableInterrupts());
        do {
            receive.disableInterrupts();
            while (receive.poll()) {
                int buffer = bufferOfHead[receive.usedHead()];
                packet(RECEIVE_AT + (long) RECEIVE_BYTES * buffer, receive.usedLength());
                addBuffer(buffer);
            }
            if (receive.mustKick()) {
                monitor.kicks[0].signal();
            }
        } while (receive.enableInterrupts());
    }

    private int word(long at) {
        return memory.get(ValueLayout.JAVA_INT_UNALIGNED, at);
    }

    private void packet(long at, int bytes) throws IOException {
        int hostPort = word(at + 16);
        int guestPort = word(at + 20);
        int length = word(at + 24);
        int op = word(at + 28) >>> 16;
        int flags = word(at + 32);
        if (bytes != 44 + length
                || memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at) != 2
                || memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at + 8) != 3
                || (word(at + 28) & 0xffff) != 1) {
            throw new IllegalStateException("the device sent a bad packet");
        }
        Peer socket = sockets.get(key(hostPort, guestPort));
        if (op == VsockHeader.OP_REQUEST) {
            Door door = doors.get(guestPort);
            if (door == null) {
                control(hostPort, guestPort, VsockHeader.OP_RST, 0, null);
                return;
            }
            Peer accepted = new Peer(hostPort, guestPort);
            accepted.connected = true;
            accepted.credit(word(at + 36), word(at + 40));
            sockets.put(key(hostPort, guestPort), accepted);
            control(hostPort, guestPort, VsockHeader.OP_RESPONSE, 0, accepted);
            door.waiting.add(accepted);
            door.came.signal();
            return;
        }
        if (socket == null) {
            if (op != VsockHeader.OP_RST) {
                control(hostPort, guestPort, VsockHeader.OP_RST, 0, null);
            }
            return;
        }
        socket.credit(word(at + 36), word(at + 40));
        socket.packet(op, flags, at + 44, length);
    }

    private static long key(int hostPort, int guestPort) {
        return (long) hostPort << 32 | (guestPort & 0xffffffffL);
    }

    /** A packet without payload that waits for a slot. */
    private record Control(
            int hostPort,
            int guestPort,
            int op,
            int flags,
            @Nullable Peer socket) {}

    /** Puts a packet without payload into the transmit queue, or behind others that wait for it. */
    private void control(int hostPort, int guestPort, int op, int flags, @Nullable Peer socket) throws IOException {
        controls.add(new Control(hostPort, guestPort, op, flags, socket));
        sendControls();
    }

    private void sendControls() throws IOException {
        while (!controls.isEmpty() && !freeSlots.isEmpty() && !dead) {
            Control next = controls.remove();
            transmit(next.hostPort, next.guestPort, next.op, next.flags, next.socket, new byte[0], 0, 0);
        }
    }

    private void transmit(
            int hostPort,
            int guestPort,
            int op,
            int flags,
            @Nullable Peer socket,
            byte[] source,
            int offset,
            int length)
            throws IOException {
        int slot = freeSlots.remove();
        long at = TRANSMIT_AT + SLOT_BYTES * slot;
        header(memory, at, hostPort, guestPort, op, flags, length, socket == null ? 0 : socket.taken);
        long[] addresses = {at};
        int[] lengths = {44};
        if (length > 0) {
            MemorySegment.copy(source, offset, memory, ValueLayout.JAVA_BYTE, at + SLOT_PAYLOAD, length);
            addresses = new long[] {at, at + SLOT_PAYLOAD};
            lengths = new int[] {44, length};
        }
        int head = indirect && length > 0
                ? transmit.addIndirect(at + 0x800, addresses, lengths, lengths.length)
                : transmit.add(addresses, lengths, lengths.length);
        slotOfHead[head] = slot;
        if (transmit.mustKick()) {
            monitor.kicks[1].signal();
        }
    }

    /** Writes a packet's header into guest memory, from this guest to the host. */
    static void header(
            MemorySegment memory, long at, int hostPort, int guestPort, int op, int flags, int length, int taken) {
        memory.set(ValueLayout.JAVA_LONG_UNALIGNED, at, Device.GUEST_CID);
        memory.set(ValueLayout.JAVA_LONG_UNALIGNED, at + 8, 2);
        memory.set(ValueLayout.JAVA_INT_UNALIGNED, at + 16, guestPort);
        memory.set(ValueLayout.JAVA_INT_UNALIGNED, at + 20, hostPort);
        memory.set(ValueLayout.JAVA_INT_UNALIGNED, at + 24, length);
        memory.set(ValueLayout.JAVA_INT_UNALIGNED, at + 28, 1 | op << 16);
        memory.set(ValueLayout.JAVA_INT_UNALIGNED, at + 32, flags);
        memory.set(ValueLayout.JAVA_INT_UNALIGNED, at + 36, BUF_ALLOC);
        memory.set(ValueLayout.JAVA_INT_UNALIGNED, at + 40, taken);
    }

    @Override
    public Listening listen(int port) {
        lock.lock();
        try {
            Door door = new Door(port);
            doors.put(port, door);
            return door;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Socket connect(int port) throws IOException, InterruptedException {
        lock.lock();
        try {
            Peer socket = new Peer(port, nextPort++);
            sockets.put(key(port, socket.guestPort), socket);
            control(port, socket.guestPort, VsockHeader.OP_REQUEST, 0, socket);
            while (!socket.connected && !socket.reset) {
                socket.changed.await();
            }
            if (socket.reset) {
                throw new ConnectException("refused");
            }
            return socket;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void die() {
        stop();
        monitor.hangUp();
    }

    /** Stops serving, as a guest that begins anew; whoever waits in it fails. */
    void stop() {
        lock.lock();
        try {
            dead = true;
            sockets.values().forEach(each -> each.changed.signalAll());
            doors.values().forEach(each -> each.came.signalAll());
            transmitted.signalAll();
        } finally {
            lock.unlock();
        }
        epoll.close();
    }

    /** Runs something while nothing else runs in the guest. */
    void whileStopped(Action action) throws IOException, InterruptedException {
        lock.lock();
        try {
            action.run();
        } finally {
            lock.unlock();
        }
    }

    interface Action {
        void run() throws IOException, InterruptedException;
    }

    @Override
    public void close() {
        die();
        try {
            thread.join(5000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        monitor.close();
        if (failure != null) {
            throw new AssertionError("the device did what no device may", failure);
        }
    }

    private final class Door implements Listening {
        private final int port;
        private final ArrayDeque<Peer> waiting = new ArrayDeque<>();
        private final Condition came = lock.newCondition();

        private Door(int port) {
            this.port = port;
        }

        @Override
        public Socket accept() throws IOException, InterruptedException {
            lock.lock();
            try {
                while (waiting.isEmpty()) {
                    if (dead) {
                        throw new IOException("the guest is dead");
                    }
                    came.await();
                }
                return waiting.remove();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {
            lock.lock();
            try {
                doors.remove(port, this);
            } finally {
                lock.unlock();
            }
        }
    }

    private final class Peer implements Socket {
        private final int hostPort;
        private final int guestPort;
        private final Condition changed = lock.newCondition();
        private final ArrayDeque<byte[]> arrived = new ArrayDeque<>();
        private int firstOffset;
        private int buffered;
        private int taken;
        private int toldTaken;
        private int sent;
        private int peerAlloc;
        private int peerTaken;
        private boolean connected;
        private boolean reset;
        private int peerShutdown;
        private int shutdown;

        private Peer(int hostPort, int guestPort) {
            this.hostPort = hostPort;
            this.guestPort = guestPort;
        }

        private void credit(int alloc, int fwd) {
            if (peerTaken - fwd > 0 || sent - fwd < 0) {
                throw new IllegalStateException(
                        "the device's fwd_cnt went from " + peerTaken + " to " + fwd + " with " + sent + " sent");
            }
            peerAlloc = alloc;
            peerTaken = fwd;
            changed.signalAll();
        }

        private void packet(int op, int flags, long at, int length) throws IOException {
            switch (op) {
                case VsockHeader.OP_RESPONSE -> connected = true;
                case VsockHeader.OP_RST -> {
                    reset = true;
                    sockets.remove(key(hostPort, guestPort), this);
                }
                case VsockHeader.OP_SHUTDOWN -> {
                    peerShutdown |= flags;
                    acknowledge();
                }
                case VsockHeader.OP_RW -> {
                    if (length > BUF_ALLOC - buffered) {
                        throw new IllegalStateException("the device sent " + length + " bytes without credit");
                    }
                    arrived.add(memory.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE));
                    buffered += length;
                }
                case VsockHeader.OP_CREDIT_REQUEST -> tellCredit();
                default -> {}
            }
            changed.signalAll();
        }

        /** As Linux: a full shutdown is acknowledged once everything was read. */
        private void acknowledge() throws IOException {
            if (peerShutdown == 3 && buffered == 0 && sockets.remove(key(hostPort, guestPort), this)) {
                control(hostPort, guestPort, VsockHeader.OP_RST, 0, null);
                reset = true;
            }
        }

        private void tellCredit() throws IOException {
            toldTaken = taken;
            control(hostPort, guestPort, VsockHeader.OP_CREDIT_UPDATE, 0, this);
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException, InterruptedException {
            lock.lock();
            try {
                while (buffered == 0) {
                    if (dead) {
                        throw new IOException("the guest is dead");
                    }
                    if (reset || (peerShutdown & 2) != 0) {
                        return -1;
                    }
                    changed.await();
                }
                int done = 0;
                while (done < length && buffered > 0) {
                    byte[] first = arrived.peek();
                    int n = Math.min(length - done, first.length - firstOffset);
                    System.arraycopy(first, firstOffset, target, offset + done, n);
                    firstOffset += n;
                    if (firstOffset == first.length) {
                        arrived.remove();
                        firstOffset = 0;
                    }
                    buffered -= n;
                    done += n;
                }
                taken += done;
                if (!reset && (BUF_ALLOC - (taken - toldTaken) < PACKET || buffered == 0)) {
                    tellCredit();
                }
                acknowledge();
                return done;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void write(byte[] source, int offset, int length) throws IOException, InterruptedException {
            lock.lock();
            try {
                int done = 0;
                while (done < length) {
                    if (dead || reset || (peerShutdown & 1) != 0 || (shutdown & 2) != 0) {
                        throw new IOException("broken pipe");
                    }
                    int credit = peerAlloc - (sent - peerTaken);
                    if (credit < 0) {
                        throw new IllegalStateException("negative credit " + credit);
                    }
                    if (credit == 0) {
                        changed.await();
                    } else if (freeSlots.isEmpty() || !controls.isEmpty()) {
                        transmitted.await();
                    } else {
                        int n = Math.min(Math.min(credit, PACKET), length - done);
                        toldTaken = taken;
                        transmit(hostPort, guestPort, VsockHeader.OP_RW, 0, this, source, offset + done, n);
                        sent += n;
                        done += n;
                    }
                }
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void shutdownOutput() throws IOException {
            end(VsockHeader.SHUTDOWN_SEND);
        }

        @Override
        public void close() {
            try {
                end(VsockHeader.SHUTDOWN_BOTH);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }

        private void end(int flags) throws IOException {
            lock.lock();
            try {
                if (!dead && !reset && (shutdown & flags) != flags) {
                    shutdown |= flags;
                    control(hostPort, guestPort, VsockHeader.OP_SHUTDOWN, flags, this);
                    changed.signalAll();
                }
            } finally {
                lock.unlock();
            }
        }
    }
}
