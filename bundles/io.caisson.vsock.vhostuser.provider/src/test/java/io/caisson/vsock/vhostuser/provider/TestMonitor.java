package io.caisson.vsock.vhostuser.provider;

import io.caisson.host.linux.ffm.Descriptor;
import io.caisson.host.linux.ffm.EventFd;
import io.caisson.host.linux.ffm.Memfd;
import io.caisson.host.linux.ffm.MemoryMapping;
import io.caisson.host.linux.ffm.Seal;
import io.caisson.host.linux.ffm.SystemCallException;
import io.caisson.host.linux.ffm.UnixSocket;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A virtual machine monitor as the device sees it: a vhost-user front-end with guest memory, kicks and calls. Sends what
 * QEMU sends, in its order, or single requests of a test's own making.
 */
final class TestMonitor implements AutoCloseable {
    static final int MEMORY = 24 << 20;
    static final long USER = 0x7f55_0000_0000L;
    static final int QUEUE_SIZE = 256;

    /** QEMU's microvm: below and above the hole for devices. */
    static final long LOW_END = 0xf0000;

    static final long HIGH = 0x100000;

    // Where the three queues lie in guest memory: descriptors, available, used ring; 64 KiB for each queue.
    static final long RINGS = 0x10000;
    static final long RING_STRIDE = 0x10000;
    static final long AVAIL = 0x4000;
    static final long USED = 0x8000;

    static final long FEATURES = 1L << 32 | 1L << 30 | 1L << 29 | 1L << 28;

    private final UnixSocket socket;
    private final Memfd file;
    private final MemoryMapping mapping;
    final EventFd[] kicks = new EventFd[3];
    final EventFd[] calls = new EventFd[3];

    TestMonitor(Path path) throws IOException, InterruptedException {
        this(path, Seal.SHRINK, Seal.GROW, Seal.SEAL);
    }

    TestMonitor(Path path, Seal... seals) throws IOException, InterruptedException {
        socket = UnixSocket.connect(path);
        socket.receiveTimeout(Duration.ofSeconds(10));
        file = Memfd.create("guest", MEMORY, seals);
        mapping = MemoryMapping.map(file.descriptor(), 0, MEMORY, MemoryMapping.Access.READ_WRITE);
        for (int i = 0; i < kicks.length; i++) {
            kicks[i] = EventFd.create("kick " + i);
            calls[i] = EventFd.create("call " + i);
        }
    }

    /** The guest's memory; its offsets are guest-physical addresses. */
    MemorySegment memory() {
        return mapping.segment();
    }

    Memfd file() {
        return file;
    }

    static ByteBuffer payload(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
    }

    void send(int request, int flags, ByteBuffer payload, Descriptor... descriptors)
            throws IOException, InterruptedException {
        raw(request, flags, payload.capacity(), payload, descriptors);
    }

    /** A message whose header may lie about its payload. */
    void raw(int request, int flags, int size, ByteBuffer payload, Descriptor... descriptors)
            throws IOException, InterruptedException {
        ByteBuffer message = payload(12 + payload.capacity())
                .putInt(request)
                .putInt(flags)
                .putInt(size)
                .put(payload.rewind())
                .flip();
        socket.send(MemorySegment.ofBuffer(message), List.of(descriptors));
    }

    /** Bytes as they are. */
    void bytes(byte... bytes) throws IOException, InterruptedException {
        socket.send(MemorySegment.ofArray(bytes), List.of());
    }

    void number(int request, long value, Descriptor... descriptors) throws IOException, InterruptedException {
        send(request, VhostUser.VERSION, payload(8).putLong(value), descriptors);
    }

    void ring(int request, int index, int value) throws IOException, InterruptedException {
        send(request, VhostUser.VERSION, payload(8).putInt(index).putInt(value));
    }

    /** Sends a request without payload and reads the number that answers it. */
    long ask(int request) throws IOException, InterruptedException {
        send(request, VhostUser.VERSION, payload(0));
        return answer(request).getLong(0);
    }

    /** The payload of the next answer. */
    ByteBuffer answer(int request) throws IOException, InterruptedException {
        ByteBuffer header = receive(12);
        if (header.getInt(0) != request || header.getInt(4) != (VhostUser.VERSION | VhostUser.FLAG_REPLY)) {
            throw new IOException("not an answer to " + request + ": " + header.getInt(0));
        }
        return receive(header.getInt(8));
    }

    private ByteBuffer receive(int bytes) throws IOException, InterruptedException {
        ByteBuffer buffer = payload(bytes);
        MemorySegment segment = MemorySegment.ofBuffer(buffer);
        List<Descriptor> none = new ArrayList<>();
        for (long at = 0; at < bytes; ) {
            int n = socket.receive(segment.asSlice(at), none);
            if (n < 0) {
                throw new IOException("the device closed the connection");
            }
            at += n;
        }
        return buffer;
    }

    /** Whether the device has closed its end. Waits for that or for an answer, ten seconds at most. */
    boolean isHungUp() throws IOException, InterruptedException {
        try {
            return socket.receive(MemorySegment.ofArray(new byte[1]), new ArrayList<>()) < 0;
        } catch (SystemCallException e) {
            // What it had not read yet when it closed is reported like this.
            return e.symbol().equals("ECONNRESET");
        }
    }

    /** What QEMU sends when it makes the device; returns the guest's context id. */
    long realize() throws IOException, InterruptedException {
        ask(VhostUser.GET_FEATURES);
        ask(VhostUser.GET_PROTOCOL_FEATURES);
        number(VhostUser.SET_PROTOCOL_FEATURES, 0x209);
        ask(VhostUser.GET_QUEUE_NUM);
        send(VhostUser.SET_OWNER, VhostUser.VERSION, payload(0));
        ask(VhostUser.GET_FEATURES);
        for (int i = 0; i < 2; i++) {
            number(VhostUser.SET_VRING_CALL, i, calls[i].descriptor());
            try (EventFd error = EventFd.create("error")) {
                number(VhostUser.SET_VRING_ERR, i, error.descriptor());
            }
        }
        send(
                VhostUser.GET_CONFIG,
                VhostUser.VERSION,
                payload(20).putInt(0).putInt(8).putInt(0));
        return answer(VhostUser.GET_CONFIG).order(ByteOrder.LITTLE_ENDIAN).getLong(12);
    }

    /** What QEMU sends when the driver is ready, for queues that begin at these indices. */
    void start(long features, int receiveBase, int transmitBase) throws IOException, InterruptedException {
        number(VhostUser.SET_VRING_CALL, 0, calls[0].descriptor());
        number(VhostUser.SET_VRING_CALL, 1, calls[1].descriptor());
        number(VhostUser.SET_FEATURES, features);
        memoryTable(VhostUser.VERSION | VhostUser.FLAG_NEED_REPLY);
        answer(VhostUser.SET_MEM_TABLE);
        queue(0, receiveBase);
        queue(1, transmitBase);
        ring(VhostUser.SET_VRING_ENABLE, 0, 1);
        ring(VhostUser.SET_VRING_ENABLE, 1, 1);
        number(VhostUser.SET_VRING_CALL, 0, calls[0].descriptor());
        number(VhostUser.SET_VRING_CALL, 1, calls[1].descriptor());
    }

    /** What user-mode Linux sends, with all three queues and one region; returns when the device runs. */
    void startAsUml() throws IOException, InterruptedException {
        int acked = VhostUser.VERSION | VhostUser.FLAG_NEED_REPLY;
        send(VhostUser.SET_OWNER, VhostUser.VERSION, payload(0));
        ask(VhostUser.GET_FEATURES);
        ask(VhostUser.GET_PROTOCOL_FEATURES);
        number(VhostUser.SET_PROTOCOL_FEATURES, 0x229);
        try (UnixSocket.Pair pair = UnixSocket.pair("backend requests")) {
            send(VhostUser.SET_BACKEND_REQ_FD, acked, payload(8), pair.first().descriptor());
            answer(VhostUser.SET_BACKEND_REQ_FD);
        }
        send(VhostUser.SET_FEATURES, acked, payload(8).putLong(FEATURES));
        answer(VhostUser.SET_FEATURES);
        send(VhostUser.SET_MEM_TABLE, acked, regions(new long[][] {{0, MEMORY, USER, 0}}), file.descriptor());
        answer(VhostUser.SET_MEM_TABLE);
        for (int i = 0; i < 3; i++) {
            number(VhostUser.SET_VRING_CALL, i, calls[i].descriptor());
            queue(i, 0);
            ring(VhostUser.SET_VRING_ENABLE, i, 1);
        }
        send(
                VhostUser.GET_CONFIG,
                VhostUser.VERSION,
                payload(20).putInt(0).putInt(8).putInt(0));
        answer(VhostUser.GET_CONFIG);
    }

    void queue(int index, int base) throws IOException, InterruptedException {
        ring(VhostUser.SET_VRING_NUM, index, QUEUE_SIZE);
        ring(VhostUser.SET_VRING_BASE, index, base);
        long at = USER + RINGS + RING_STRIDE * index;
        address(index, at, at + AVAIL, at + USED);
        number(VhostUser.SET_VRING_KICK, index, kicks[index].descriptor());
    }

    void address(int index, long descriptors, long avail, long used) throws IOException, InterruptedException {
        send(
                VhostUser.SET_VRING_ADDR,
                VhostUser.VERSION,
                payload(40)
                        .putInt(index)
                        .putInt(0)
                        .putLong(descriptors)
                        .putLong(used)
                        .putLong(avail));
    }

    /** The two regions of a microvm. */
    void memoryTable(int flags) throws IOException, InterruptedException {
        long[][] table = {{0, LOW_END, USER, 0}, {HIGH, MEMORY - HIGH, USER + HIGH, HIGH}};
        send(VhostUser.SET_MEM_TABLE, flags, regions(table), file.descriptor(), file.descriptor());
    }

    /** A memory table: guest address, size, user address and offset of each region. */
    static ByteBuffer regions(long[]... table) {
        ByteBuffer payload = payload(8 + 32 * table.length).putInt(table.length).putInt(0);
        for (long[] region : table) {
            for (long each : region) {
                payload.putLong(each);
            }
        }
        return payload;
    }

    /** What QEMU sends when it pauses or resets; returns where the queues stopped. */
    int[] stop() throws IOException, InterruptedException {
        ring(VhostUser.SET_VRING_ENABLE, 0, 0);
        ring(VhostUser.SET_VRING_ENABLE, 1, 0);
        int[] bases = new int[2];
        for (int i = 0; i < 2; i++) {
            ring(VhostUser.GET_VRING_BASE, i, 0);
            bases[i] = answer(VhostUser.GET_VRING_BASE).getInt(4);
        }
        return bases;
    }

    /** Closes the connection alone, as the kernel does for a monitor that was killed. */
    void hangUp() {
        socket.close();
    }

    @Override
    public void close() {
        socket.close();
        mapping.close();
        file.close();
        for (int i = 0; i < kicks.length; i++) {
            kicks[i].close();
            calls[i].close();
        }
    }
}
