package io.caisson.host.linux.ffm;

/** Calls that only tests make. */
final class RawCalls {
    private static final boolean X86_64 = Architecture.HOST == Architecture.X86_64;

    /** The numbers of epoll_wait, epoll_pwait and ppoll, between spaces. */
    static final String WAITING_CALLS = X86_64 ? " 232 281 271 7 " : " 22 73 ";

    private static final NativeFunction SYSCALL = NativeFunction.of("syscall");
    private static final NativeFunction POLL = NativeFunction.of("poll");

    private RawCalls() {}

    /** gettid(2). */
    static int threadId() {
        return SYSCALL.callInt(X86_64 ? 186 : 178, 0, 0, 0, 0, 0);
    }

    /** tgkill(2) of a thread of this process. */
    static void signal(int thread, int signal) {
        int result = SYSCALL.callInt(X86_64 ? 234 : 131, HostCalls.getpid(), thread, signal, 0, 0);
        if (result != 0) {
            throw new IllegalStateException("tgkill: " + Errno.describe(-result));
        }
    }

    /** poll(2) of nothing for ever, once: what it returns. */
    static int pollOnce() {
        return (int) POLL.callOnce(0, 0, -1, 0, 0, 0);
    }
}
