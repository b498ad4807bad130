package io.caisson.vm.qemu.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.vm.api.VirtualMachineExit;
import io.caisson.vm.api.VirtualMachineExit.Cause;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MachineEndTest {
    private static final Optional<QmpSession.Shutdown> RESET =
            Optional.of(new QmpSession.Shutdown(true, "guest-reset"));
    private static final String FAREWELL = "[    0.968390] reboot: Restarting system";
    private static final String PANIC = "[    0.798559] Kernel panic - not syncing: Attempted to kill init!";

    private static VirtualMachineExit ended(Optional<QmpSession.Shutdown> shutdown, String... console) {
        return new MachineEnd(false, "ended with exit status 0", true, shutdown, false, List.of(console), List.of(), "")
                .exit();
    }

    @Test
    void aResetThatTheKernelAnnouncedIsAPowerOff() {
        assertEquals(Cause.POWER_OFF, ended(RESET, "HELLO", FAREWELL).cause());
        assertEquals(
                Cause.POWER_OFF,
                ended(Optional.of(new QmpSession.Shutdown(true, "guest-shutdown")))
                        .cause());
    }

    @Test
    void evenWhenQemuDidNotComeToSayingSo() {
        assertEquals(Cause.POWER_OFF, ended(Optional.empty(), FAREWELL).cause());
        assertEquals(Cause.GUEST_CRASH, ended(Optional.empty(), PANIC).cause());
    }

    @Test
    void aPanicIsACrashAndItsLineTheDetail() {
        VirtualMachineExit exit = ended(RESET, "HELLO", PANIC, "[    0.799345] Kernel Offset: disabled");
        assertEquals(Cause.GUEST_CRASH, exit.cause());
        assertTrue(exit.detail().endsWith(PANIC), exit.detail());
    }

    @Test
    void aPanicOnTheWayDownIsACrash() {
        assertEquals(Cause.GUEST_CRASH, ended(RESET, FAREWELL, PANIC).cause());
    }

    @Test
    void aResetWithoutAWordIsACrashAndTheDetailHasTheConsolesLastLine() {
        VirtualMachineExit exit = ended(RESET, "HELLO", "Oops");
        assertEquals(Cause.GUEST_CRASH, exit.cause());
        assertTrue(exit.detail().contains("Oops"), exit.detail());
        assertEquals(Cause.GUEST_CRASH, ended(RESET).cause());
    }

    @Test
    void anEndFromOutsideIsTheMonitorsFailure() {
        VirtualMachineExit exit = ended(Optional.of(new QmpSession.Shutdown(false, "host-signal")), FAREWELL);
        assertEquals(Cause.MONITOR_FAILURE, exit.cause());
        assertTrue(exit.detail().contains("host-signal"), exit.detail());
    }

    @Test
    void qemusOwnWordsAreInTheDetail() {
        VirtualMachineExit exit = new MachineEnd(
                        false,
                        "ended with exit status 1",
                        false,
                        Optional.empty(),
                        false,
                        List.of(FAREWELL),
                        List.of("qemu-system-x86_64: -foo: invalid option"),
                        "")
                .exit();
        assertEquals(Cause.MONITOR_FAILURE, exit.cause());
        assertEquals("QEMU ended with exit status 1; it said: qemu-system-x86_64: -foo: invalid option", exit.detail());
    }

    @Test
    void whatTheOwnerEndedIsClosedWhateverElseHappened() {
        VirtualMachineExit exit = new MachineEnd(
                        true, "ended with killed by signal 9", false, RESET, true, List.of(PANIC), List.of(), "")
                .exit();
        assertEquals(Cause.CLOSED, exit.cause());
    }

    @Test
    void aCrashsDetailSaysWhenTheConsoleIsIncomplete() {
        VirtualMachineExit exit = new MachineEnd(
                        false, "", true, RESET, false, List.of(PANIC), List.of(), "console.log is incomplete: full")
                .exit();
        assertTrue(exit.detail().contains("console.log is incomplete: full"), exit.detail());
    }

    @Test
    void rehearsalHasSeenEveryCause() {
        assertEquals(
                List.of(Cause.GUEST_CRASH, Cause.MONITOR_FAILURE, Cause.CLOSED),
                Rehearsal.rehearse().stream()
                        .map(VirtualMachineExit::cause)
                        .distinct()
                        .sorted()
                        .toList());
    }
}
