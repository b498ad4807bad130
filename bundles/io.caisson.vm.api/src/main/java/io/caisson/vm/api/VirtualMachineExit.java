package io.caisson.vm.api;

import java.util.Objects;

/**
 * How a virtual machine ended.
 *
 * @param cause what ended it
 * @param detail one line for a person: the monitor's exit status and last words
 */
public record VirtualMachineExit(Cause cause, String detail) {
    /** Checks that both parts are there. */
    public VirtualMachineExit {
        Objects.requireNonNull(cause, "cause");
        Objects.requireNonNull(detail, "detail");
    }

    /** What ended a machine. */
    public enum Cause {
        /** The guest powered off. */
        POWER_OFF,
        /** The guest's kernel panicked or reset the machine. */
        GUEST_CRASH,
        /** The monitor failed or was killed by somebody else. */
        MONITOR_FAILURE,
        /** {@link VirtualMachine#close()}. */
        CLOSED
    }
}
