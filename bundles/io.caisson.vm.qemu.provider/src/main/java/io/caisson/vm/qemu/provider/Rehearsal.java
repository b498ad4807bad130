package io.caisson.vm.qemu.provider;

import io.caisson.host.linux.ffm.ProcessExit;
import io.caisson.vm.api.VirtualMachineExit;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Goes once through what a machine's end needs, so that the classes for it are loaded: the machine may outlive the
 * bundle they come from.
 */
final class Rehearsal {
    private static final String MONITOR_SAYS = """
            {"QMP": {"version": {"qemu": {"major": 7}}, "capabilities": []}}
            {"return": {}, "id": "negotiation"}
            {"event": "GUEST_PANICKED", "data": {}}
            {"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-reset"}}
            {"error": {"class": "GenericError", "desc": "nothing was asked"}, "id": "c0"}
            """;

    private static volatile @Nullable List<VirtualMachineExit> done;

    private Rehearsal() {}

    /** Does it, once in the life of this class. */
    static void run() {
        if (done == null) {
            done = rehearse();
        }
    }

    /** How machines of all kinds would have ended. */
    static List<VirtualMachineExit> rehearse() {
        var exits = new ArrayList<VirtualMachineExit>();
        var monitor = new QmpSession(message -> {});
        IOException over = new IOException("rehearsed");
        try {
            byte[] said = MONITOR_SAYS.getBytes(StandardCharsets.UTF_8);
            monitor.received(said, said.length);
        } catch (IOException e) {
            // As it should: the last line answers a command that nobody gave.
            over = e;
        }
        monitor.end(over);
        for (boolean closed : new boolean[] {true, false}) {
            for (boolean orderly : new boolean[] {true, false}) {
                for (ProcessExit how : List.of(new ProcessExit.Exited(1), new ProcessExit.Killed(9))) {
                    for (var shutdown : List.of(monitor.shutdown(), Optional.<QmpSession.Shutdown>empty())) {
                        exits.add(new MachineEnd(
                                        closed,
                                        how.toString(),
                                        orderly,
                                        shutdown,
                                        false,
                                        List.of("a line"),
                                        List.of(),
                                        "")
                                .exit());
                    }
                }
            }
        }
        return exits;
    }
}
