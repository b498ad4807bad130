package io.caisson.host.linux.ffm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Calls on Unix stream sockets, unix(7). Every socket made here is non-blocking and close-on-exec. */
final class SocketCalls {
    /** shutdown(2) directions. */
    static final int SHUT_WR = 1;

    static final int SHUT_RDWR = 2;

    /** recvmsg(2) flag: not all control data fitted. */
    static final int MSG_CTRUNC = 0x8;

    /** Constants of include/linux/socket.h and include/uapi/asm-generic/socket.h. */
    static final int SOL_SOCKET = 1;

    static final int SCM_RIGHTS = 1;
    static final short AF_UNIX = 1;
    static final int SOCK_STREAM = 1;
    static final int SO_PEERCRED = 17;
    static final int MSG_NOSIGNAL = 0x4000;
    static final int MSG_CMSG_CLOEXEC = 0x40000000;
    private static final int TYPE = SOCK_STREAM | FileCalls.O_CLOEXEC | FileCalls.O_NONBLOCK;

    private record Functions(
            NativeFunction accept4,
            NativeFunction bind,
            NativeFunction connect,
            NativeFunction getsockopt,
            NativeFunction listen,
            NativeFunction recv,
            NativeFunction recvmsg,
            NativeFunction send,
            NativeFunction sendmsg,
            NativeFunction shutdown,
            NativeFunction socket,
            NativeFunction socketpair) {}

    private static final Functions C = new Functions(
            NativeFunction.of("accept4"),
            NativeFunction.of("bind"),
            NativeFunction.of("connect"),
            NativeFunction.of("getsockopt"),
            NativeFunction.of("listen"),
            NativeFunction.of("recv"),
            NativeFunction.of("recvmsg"),
            NativeFunction.of("send"),
            NativeFunction.of("sendmsg"),
            NativeFunction.of("shutdown"),
            NativeFunction.of("socket"),
            NativeFunction.of("socketpair"));

    private SocketCalls() {}

    /** socket(2): a descriptor. */
    static int socket() throws SystemCallException {
        int result = C.socket.callInt(AF_UNIX, TYPE, 0, 0, 0, 0);
        if (result < 0) {
            throw new SystemCallException("socket", "AF_UNIX, SOCK_STREAM", -result);
        }
        return result;
    }

    /** socketpair(2): two descriptors. */
    static int[] socketpair() throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pair = arena.allocate(8, 4);
            int result = C.socketpair.callInt(AF_UNIX, TYPE, 0, pair.address(), 0, 0);
            if (result < 0) {
                throw new SystemCallException("socketpair", "AF_UNIX, SOCK_STREAM", -result);
            }
            return new int[] {pair.get(ValueLayout.JAVA_INT, 0), pair.get(ValueLayout.JAVA_INT, 4)};
        }
    }

    /** bind(2): 0 or a negated errno. */
    static int bind(int fd, byte[] path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = address(arena, path);
            return C.bind.callInt(fd, address.address(), address.byteSize(), 0, 0, 0);
        }
    }

    /** connect(2): 0 or a negated errno; {@code EAGAIN} when the listener's queue is full. */
    static int connect(int fd, byte[] path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = address(arena, path);
            return C.connect.callInt(fd, address.address(), address.byteSize(), 0, 0, 0);
        }
    }

    /** listen(2): 0. */
    static void listen(int fd, int backlog) throws SystemCallException {
        int result = C.listen.callInt(fd, backlog, 0, 0, 0, 0);
        if (result < 0) {
            throw new SystemCallException("listen", fd + ", " + backlog, -result);
        }
    }

    /** accept4(2): a descriptor or a negated errno. */
    static int accept(int fd) {
        return C.accept4.callInt(fd, 0, 0, FileCalls.O_CLOEXEC | FileCalls.O_NONBLOCK, 0, 0);
    }

    /** shutdown(2), whose only failure here is that the peer is gone already. */
    static void shutdown(int fd, int how) {
        C.shutdown.callOnce(fd, how, 0, 0, 0, 0);
    }

    /** recv(2): bytes received, 0 at the end of the stream, or a negated errno. Descriptors sent along are dropped. */
    static long recv(int fd, MemorySegment into) {
        return C.recv.call(fd, into.address(), into.byteSize(), MSG_CMSG_CLOEXEC, 0, 0);
    }

    /** send(2): bytes sent or a negated errno; no SIGPIPE. */
    static long send(int fd, MemorySegment from) {
        return C.send.call(fd, from.address(), from.byteSize(), MSG_NOSIGNAL, 0, 0);
    }

    /** recvmsg(2): as {@link #recv}; descriptors received are close-on-exec. */
    static long recvmsg(int fd, MemorySegment message) {
        return C.recvmsg.call(fd, message.address(), MSG_CMSG_CLOEXEC, 0, 0, 0);
    }

    /** sendmsg(2): as {@link #send}. */
    static long sendmsg(int fd, MemorySegment message) {
        return C.sendmsg.call(fd, message.address(), MSG_NOSIGNAL, 0, 0, 0);
    }

    /** getsockopt(2) with {@code SO_PEERCRED}: who had the other end when the connection was made. */
    static PeerCredentials peerCredentials(int fd) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ucred = arena.allocate(Structs.Ucred.SIZE, 4);
            MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, (int) Structs.Ucred.SIZE);
            int result = C.getsockopt.callInt(fd, SOL_SOCKET, SO_PEERCRED, ucred.address(), length.address(), 0);
            if (result < 0) {
                throw new SystemCallException("getsockopt", fd + ", SOL_SOCKET, SO_PEERCRED", -result);
            }
            return new PeerCredentials(
                    ucred.get(ValueLayout.JAVA_INT, Structs.Ucred.PID),
                    Integer.toUnsignedLong(ucred.get(ValueLayout.JAVA_INT, Structs.Ucred.UID)),
                    Integer.toUnsignedLong(ucred.get(ValueLayout.JAVA_INT, Structs.Ucred.GID)));
        }
    }

    private static MemorySegment address(Arena arena, byte[] path) {
        MemorySegment address = arena.allocate(Structs.SockaddrUn.SUN_PATH + path.length + 1, 2);
        address.set(ValueLayout.JAVA_SHORT, Structs.SockaddrUn.SUN_FAMILY, AF_UNIX);
        MemorySegment.copy(path, 0, address, ValueLayout.JAVA_BYTE, Structs.SockaddrUn.SUN_PATH, path.length);
        return address;
    }
}
