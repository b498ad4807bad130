package io.caisson.vm.qemu.provider;

import io.caisson.vm.api.VirtualMachineExit;
import io.caisson.vm.api.VirtualMachineExit.Cause;
import java.util.List;
import java.util.Optional;

/**
 * What is known of a machine that has ended, and what follows from it.
 *
 * <p>A guest without ACPI has one way to end its machine: resetting it, which makes QEMU ({@code -no-reboot}) exit with
 * status 0. An orderly power-off and a crash differ in what the kernel says before: {@code reboot()} prints its line at
 * the level "emergency", which {@code quiet} lets through; a panic and a triple fault do not.
 *
 * @param closed whether the owner ended it
 * @param status how QEMU's process ended, for a person
 * @param orderly whether that was with exit status 0
 * @param shutdown why QEMU said it would end
 * @param panicked whether QEMU said that the guest panicked
 * @param console the console's last lines
 * @param words QEMU's own last lines on its standard error
 * @param logProblem what kept the console from being logged whole; empty for nothing
 */
record MachineEnd(
        boolean closed,
        String status,
        boolean orderly,
        Optional<QmpSession.Shutdown> shutdown,
        boolean panicked,
        List<String> console,
        List<String> words,
        String logProblem) {
    private static final String PANIC = "Kernel panic - not syncing";

    /** kernel/reboot.c of Linux 6.12: kernel_restart, kernel_power_off, kernel_halt. */
    private static final List<String> FAREWELLS =
            List.of("reboot: Restarting system", "reboot: Power down", "reboot: System halted");

    MachineEnd {
        console = List.copyOf(console);
        words = List.copyOf(words);
    }

    /** The exit that callers are told of. */
    VirtualMachineExit exit() {
        if (closed) {
            return new VirtualMachineExit(Cause.CLOSED, "closed by its owner");
        }
        if (!orderly) {
            return new VirtualMachineExit(Cause.MONITOR_FAILURE, withWords("QEMU " + status));
        }
        String reason = shutdown.map(QmpSession.Shutdown::reason).orElse("");
        if (shutdown.isPresent() && !shutdown.get().byGuest()) {
            return new VirtualMachineExit(Cause.MONITOR_FAILURE, withWords("QEMU was ended from outside: " + reason));
        }
        String lastWords = significantLine();
        if (panicked || lastWords.contains(PANIC)) {
            return crash("the guest's kernel panicked" + (lastWords.isEmpty() ? "" : ": " + lastWords));
        }
        if (reason.equals("guest-shutdown") || !lastWords.isEmpty()) {
            return new VirtualMachineExit(Cause.POWER_OFF, "the guest powered off");
        }
        String lastLine = console.isEmpty() ? "" : ", its console ends with: " + console.getLast();
        return crash(withWords("the guest reset its machine without having powered off" + lastLine));
    }

    /** The last line by which the kernel said how it ends; empty when it said nothing of the kind. */
    private String significantLine() {
        for (String line : console.reversed()) {
            if (line.contains(PANIC)) {
                return line;
            }
            for (String farewell : FAREWELLS) {
                if (line.contains(farewell)) {
                    return line;
                }
            }
        }
        return "";
    }

    private String withWords(String what) {
        return words.isEmpty() ? what : what + "; it said: " + String.join(" / ", words);
    }

    private VirtualMachineExit crash(String what) {
        return new VirtualMachineExit(Cause.GUEST_CRASH, logProblem.isEmpty() ? what : what + " (" + logProblem + ")");
    }
}
