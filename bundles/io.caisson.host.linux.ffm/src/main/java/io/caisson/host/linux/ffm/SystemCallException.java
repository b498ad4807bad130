package io.caisson.host.linux.ffm;

import java.io.IOException;

/** A C library or system call failed: which, with what arguments, and why. */
public final class SystemCallException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String call;
    private final int errno;

    SystemCallException(String call, String arguments, int errno) {
        super(call + "(" + arguments + "): " + Errno.describe(errno));
        this.call = call;
        this.errno = errno;
    }

    /** The function that failed, such as {@code connect}. */
    public String call() {
        return call;
    }

    /** The error number, positive; see errno(3). */
    public int errno() {
        return errno;
    }

    /** The error's symbol, such as {@code ENOENT}. */
    public String symbol() {
        return Errno.symbol(errno);
    }
}
