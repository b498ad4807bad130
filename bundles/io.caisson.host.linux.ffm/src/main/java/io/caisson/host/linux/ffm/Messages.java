package io.caisson.host.linux.ffm;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** Messages that carry descriptors, unix(7) {@code SCM_RIGHTS}: sendmsg(2) and recvmsg(2) with one buffer. */
final class Messages {
    /** What one message carries at most here. The kernel's own limit is 253. */
    static final int MAXIMUM_DESCRIPTORS = 32;

    private static final long CONTROL_SIZE = Structs.Cmsghdr.SIZE + 4L * MAXIMUM_DESCRIPTORS;

    private Messages() {}

    /** Sends bytes, at least one, and descriptors: the number of bytes taken, or a negated errno and nothing sent. */
    static long send(int socket, MemorySegment bytes, List<Descriptor> descriptors) throws IOException {
        if (descriptors.size() > MAXIMUM_DESCRIPTORS) {
            throw new IllegalArgumentException(
                    "a message carries at most " + MAXIMUM_DESCRIPTORS + " descriptors, not " + descriptors.size());
        }
        int held = 0;
        try (Arena arena = Arena.ofConfined()) {
            long length = Structs.Cmsghdr.SIZE + 4L * descriptors.size();
            MemorySegment control = arena.allocate(CONTROL_SIZE, 8);
            control.set(ValueLayout.JAVA_LONG, Structs.Cmsghdr.CMSG_LEN, length);
            control.set(ValueLayout.JAVA_INT, Structs.Cmsghdr.CMSG_LEVEL, SocketCalls.SOL_SOCKET);
            control.set(ValueLayout.JAVA_INT, Structs.Cmsghdr.CMSG_TYPE, SocketCalls.SCM_RIGHTS);
            for (Descriptor descriptor : descriptors) {
                control.set(ValueLayout.JAVA_INT, Structs.Cmsghdr.SIZE + 4L * held, descriptor.acquire());
                held++;
            }
            return SocketCalls.sendmsg(socket, message(arena, bytes, control, length));
        } finally {
            for (Descriptor descriptor : descriptors.subList(0, held)) {
                descriptor.release();
            }
        }
    }

    /**
     * Receives bytes and descriptors: the number of bytes, 0 at the end of the stream, or a negated errno. Descriptors
     * are added to the list and belong to the caller.
     *
     * @throws IOException the message carried more descriptors than this process can take; those that came are closed
     */
    static long receive(int socket, MemorySegment bytes, List<Descriptor> descriptors, String from) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment control = arena.allocate(CONTROL_SIZE, 8);
            MemorySegment message = message(arena, bytes, control, CONTROL_SIZE);
            long result = SocketCalls.recvmsg(socket, message);
            if (result < 0) {
                return result;
            }
            List<Descriptor> received = descriptors(
                    control,
                    Math.min(message.get(ValueLayout.JAVA_LONG, Structs.Msghdr.MSG_CONTROLLEN), CONTROL_SIZE),
                    from);
            if ((message.get(ValueLayout.JAVA_INT, Structs.Msghdr.MSG_FLAGS) & SocketCalls.MSG_CTRUNC) != 0) {
                for (Descriptor descriptor : received) {
                    descriptor.close();
                }
                throw new IOException("a message from " + from + " carries more descriptors than can be taken"
                        + " (MSG_CTRUNC): over " + MAXIMUM_DESCRIPTORS + ", or this process has too many open");
            }
            descriptors.addAll(received);
            return result;
        }
    }

    private static List<Descriptor> descriptors(MemorySegment control, long length, String from) {
        List<Descriptor> received = new ArrayList<>();
        long at = 0;
        while (length - at >= Structs.Cmsghdr.SIZE) {
            long size = control.get(ValueLayout.JAVA_LONG, at + Structs.Cmsghdr.CMSG_LEN);
            if (size < Structs.Cmsghdr.SIZE || size > length - at) {
                break;
            }
            if (control.get(ValueLayout.JAVA_INT, at + Structs.Cmsghdr.CMSG_LEVEL) == SocketCalls.SOL_SOCKET
                    && control.get(ValueLayout.JAVA_INT, at + Structs.Cmsghdr.CMSG_TYPE) == SocketCalls.SCM_RIGHTS) {
                for (long data = at + Structs.Cmsghdr.SIZE; data + 4 <= at + size; data += 4) {
                    received.add(new Descriptor(
                            control.get(ValueLayout.JAVA_INT, data), "descriptor received from " + from));
                }
            }
            at += (size + 7) & ~7L;
        }
        return received;
    }

    private static MemorySegment message(Arena arena, MemorySegment bytes, MemorySegment control, long length) {
        MemorySegment iovec = arena.allocate(Structs.Iovec.SIZE, 8);
        iovec.set(ValueLayout.JAVA_LONG, Structs.Iovec.IOV_BASE, bytes.address());
        iovec.set(ValueLayout.JAVA_LONG, Structs.Iovec.IOV_LEN, bytes.byteSize());
        MemorySegment message = arena.allocate(Structs.Msghdr.SIZE, 8);
        message.set(ValueLayout.JAVA_LONG, Structs.Msghdr.MSG_IOV, iovec.address());
        message.set(ValueLayout.JAVA_LONG, Structs.Msghdr.MSG_IOVLEN, 1);
        message.set(ValueLayout.JAVA_LONG, Structs.Msghdr.MSG_CONTROL, control.address());
        message.set(ValueLayout.JAVA_LONG, Structs.Msghdr.MSG_CONTROLLEN, length);
        return message;
    }
}
