package io.caisson.container.api;

/**
 * How a process ended.
 *
 * @param code 0 to 255; 128 + the signal's number for a process ended by a signal
 * @param signal the signal that ended it, 0 when it exited by itself
 */
public record ExitStatus(int code, int signal) {
    /** Checks the ranges. */
    public ExitStatus {
        if (code < 0 || code > 255 || signal < 0 || signal > 64) {
            throw new IllegalArgumentException("exit code " + code + ", signal " + signal);
        }
    }
}
