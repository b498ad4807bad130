package io.caisson.host.linux.ffm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Calls that wait for events. */
final class EventCalls {
    /** epoll_ctl(2) operations and events of include/uapi/linux/eventpoll.h. */
    static final int EPOLL_CTL_ADD = 1;

    static final int EPOLL_CTL_DEL = 2;
    static final int EPOLL_CTL_MOD = 3;
    static final int EPOLLIN = 0x1;
    static final int EPOLLOUT = 0x4;
    static final int EPOLLERR = 0x8;
    static final int EPOLLHUP = 0x10;
    static final int EPOLLRDHUP = 0x2000;
    static final int EPOLLONESHOT = 1 << 30;
    static final int EPOLLET = 1 << 31;

    private record Functions(
            NativeFunction epollCreate, NativeFunction epollCtl, NativeFunction epollWait, NativeFunction eventfd) {}

    private static final Functions C = new Functions(
            NativeFunction.of("epoll_create1"),
            NativeFunction.of("epoll_ctl"),
            NativeFunction.of("epoll_wait"),
            NativeFunction.of("eventfd"));

    private EventCalls() {}

    /** epoll_create1(2): a descriptor. */
    static int epollCreate() throws SystemCallException {
        int result = C.epollCreate.callInt(FileCalls.O_CLOEXEC, 0, 0, 0, 0, 0);
        if (result < 0) {
            throw new SystemCallException("epoll_create1", "EPOLL_CLOEXEC", -result);
        }
        return result;
    }

    /** epoll_ctl(2): 0. */
    static void epollCtl(int epoll, int operation, int fd, int events, long data) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment event = arena.allocate(Structs.EpollEvent.SIZE, 8);
            event.set(ValueLayout.JAVA_INT, Structs.EpollEvent.EVENTS, events);
            event.set(ValueLayout.JAVA_LONG_UNALIGNED, Structs.EpollEvent.DATA, data);
            int result = C.epollCtl.callInt(epoll, operation, fd, event.address(), 0, 0);
            if (result < 0) {
                throw new SystemCallException("epoll_ctl", epoll + ", " + operation + ", " + fd, -result);
            }
        }
    }

    /**
     * epoll_wait(2): how many events there are. Blocks: for platform threads. {@code EINTR} is retried with the whole
     * timeout, for which a JVM gives little cause.
     */
    static int epollWait(int epoll, MemorySegment events, int capacity, int milliseconds) throws SystemCallException {
        int result = C.epollWait.callInt(epoll, events.address(), capacity, milliseconds, 0, 0);
        if (result < 0) {
            throw new SystemCallException("epoll_wait", epoll + ", " + capacity + ", " + milliseconds, -result);
        }
        return result;
    }

    /** eventfd(2): a non-blocking descriptor of a counter at 0. */
    static int eventfd() throws SystemCallException {
        int result = C.eventfd.callInt(0, FileCalls.O_CLOEXEC | FileCalls.O_NONBLOCK, 0, 0, 0, 0);
        if (result < 0) {
            throw new SystemCallException("eventfd", "0, EFD_CLOEXEC|EFD_NONBLOCK", -result);
        }
        return result;
    }
}
