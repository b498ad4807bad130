package io.caisson.guest.api;

import java.time.Instant;
import java.util.Objects;

/**
 * How a process ended.
 *
 * @param code 0 to 255; 128 + the signal's number for a process ended by a signal
 * @param signal the signal that ended it, 0 when it exited by itself
 * @param at when, by the guest's clock
 */
public record GuestExit(int code, int signal, Instant at) {
    /** Checks the ranges. */
    public GuestExit {
        if (code < 0 || code > 255 || signal < 0 || signal > 64) {
            throw new IllegalArgumentException("exit code " + code + ", signal " + signal);
        }
        Objects.requireNonNull(at, "at");
    }
}
