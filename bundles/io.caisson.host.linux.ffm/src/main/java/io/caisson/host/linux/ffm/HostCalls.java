package io.caisson.host.linux.ffm;

import java.lang.foreign.MemorySegment;

/** Calls about the process and its host. */
final class HostCalls {
    private record Functions(NativeFunction getpid, NativeFunction getuid, NativeFunction strerror) {}

    private static final Functions C = new Functions(
            NativeFunction.of("getpid"), NativeFunction.of("getuid"), NativeFunction.of("__xpg_strerror_r"));

    private HostCalls() {}

    /** strerror_r(3), the POSIX variant: writes a text, which may say that the number is unknown. */
    static void strerror(int errno, MemorySegment buffer) {
        C.strerror.callOnce(errno, buffer.address(), buffer.byteSize(), 0, 0, 0);
    }

    /** getpid(2): always succeeds. */
    static int getpid() {
        return (int) C.getpid.callOnce(0, 0, 0, 0, 0, 0);
    }

    /** getuid(2): always succeeds. */
    static int getuid() {
        return (int) C.getuid.callOnce(0, 0, 0, 0, 0, 0);
    }
}
