package io.caisson.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.host.linux.ffm.ProcessSignal;
import io.caisson.host.linux.ffm.Terminal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code run -it} at a real terminal. */
class TerminalIT {
    private static final Terminal.Size SIZE = new Terminal.Size(33, 111);
    private static final Duration SOON = Duration.ofSeconds(5);

    @TempDir
    static Path home;

    private static Caisson caisson;
    private static Leftovers leftovers;

    @BeforeAll
    static void furnish() throws Exception {
        caisson = Caisson.withHome(home);
        leftovers = Leftovers.watch(caisson, home);
    }

    @AfterEach
    void leavesNothingBehind() throws Exception {
        leftovers.assertNone();
    }

    private static AtTerminal shell() throws Exception {
        AtTerminal terminal = AtTerminal.start(caisson, SIZE, "run", "-it", "busybox", "sh");
        terminal.await("# ");
        assertTrue(terminal.isRaw());
        return terminal;
    }

    /** Waits in the container for its terminal to have a size. */
    private static void awaitSize(AtTerminal terminal, String size) throws Exception {
        // What is typed is shown, too: hence the quotes in the middle of what is waited for.
        terminal.type("while [ \"$(stty size)\" != \"" + size + "\" ]; do :; done; echo it ''is so\n");
        terminal.await("it is so");
    }

    @Test
    void isTheTerminalOfTheProcessAndFollowsItsSize() throws Exception {
        try (AtTerminal terminal = AtTerminal.start(caisson, SIZE, "run", "-it", "busybox", "sh")) {
            // While the machine boots, if not before.
            terminal.resize(new Terminal.Size(44, 133));
            terminal.await("# ");
            assertTrue(terminal.isRaw());
            awaitSize(terminal, "44 133");
            for (int columns = 80; columns <= 120; columns++) {
                terminal.resize(new Terminal.Size(40, columns));
            }
            awaitSize(terminal, "40 120");

            terminal.type("tty; tty </dev/console; ps -o pid,tty,args | grep ' sh$'; echo \"TERM is $TERM\"\n");
            terminal.await("\n/dev/pts/0\r\n");
            terminal.await("/dev/console\r\n");
            terminal.await("1 136,0");
            terminal.await("TERM is xterm");

            terminal.type("echo sle''eping; sleep 1000\n");
            terminal.await("sleeping");
            // Ctrl-C, a key here: the process in the foreground gets the signal.
            terminal.type("\u0003");
            terminal.type("echo sta''tus $?\n");
            terminal.await("status 130");
            terminal.type("\u0004");
            assertEquals(0, terminal.finish(), terminal::shown);
            assertTrue(terminal.isAsBefore());
        }
    }

    @Test
    void passesTheExitStatusOn() throws Exception {
        try (AtTerminal terminal = shell()) {
            terminal.type("exit 9\n");
            assertEquals(9, terminal.finish(), terminal::shown);
            assertTrue(terminal.isAsBefore());
            assertTrue(terminal.shown().endsWith("exit 9\r\n"), terminal::shown);
        }
    }

    @Test
    void isRestoredBeforeAFailureIsReported() throws Exception {
        try (AtTerminal terminal = AtTerminal.start(caisson, SIZE, "run", "-it", "busybox", "no-such-command")) {
            assertEquals(127, terminal.finish(), terminal::shown);
            assertTrue(terminal.isAsBefore());
            // In raw mode the line would end without a carriage return.
            assertTrue(terminal.shown().endsWith("\"no-such-command\": no such executable in PATH (ENOENT)\r\n"));
        }
    }

    @Test
    void isRestoredWhenTheGuestDies() throws Exception {
        try (AtTerminal terminal = shell()) {
            ProcessHandle qemu = Signalling.child(terminal.handle(), "qemu").orElseThrow();
            Signalling.send(qemu.pid(), "KILL");
            assertEquals(125, terminal.finish(), terminal::shown);
            assertTrue(terminal.isAsBefore());
            terminal.await("caisson: the machine of container ");
            assertFalse(terminal.await("\r\n").contains("\n"));
        }
    }

    @Test
    void isRestoredAndTheMachineGoneWhenTheCommandIsKilled() throws Exception {
        try (AtTerminal terminal = shell()) {
            ProcessHandle qemu = Signalling.child(terminal.handle(), "qemu").orElseThrow();
            terminal.kill(ProcessSignal.KILL);
            assertEquals(137, terminal.finish());
            leftovers.assertNoProcess();
            Signalling.awaitEnd(qemu, SOON);
            assertTrue(terminal.isAsBefore());
        }
        // The next command puts the home in order.
        assertEquals(0, caisson.run("run", "busybox", "true").status());
    }

    @Test
    void aHangupReachesTheProcess() throws Exception {
        String script = "trap 'exit 5' HUP; echo rea''dy; while :; do sleep 0.1; done";
        try (AtTerminal terminal = AtTerminal.start(caisson, SIZE, "run", "-it", "busybox", "sh", "-c", script)) {
            terminal.await("ready");
            terminal.hangUp();
            assertEquals(5, terminal.finish(), terminal::shown);
        }
    }

    @Test
    void aHangupThatTheProcessIgnoresEndsTheContainer() throws Exception {
        try (AtTerminal terminal = shell()) {
            // As process 1 of its namespace it has no default action to take.
            terminal.hangUp();
            assertEquals(129, terminal.finish(), terminal::shown);
        }
    }

    @Test
    void aProcessMayHaveATerminalWhereTheCommandHasNone() throws Exception {
        Caisson.Outcome outcome = caisson.run("run", "-t", "busybox", "sh", "-c", "tty; tty >&2");
        assertEquals(new Caisson.Outcome(0, "/dev/pts/0\r\n/dev/pts/0\r\n", ""), outcome);
    }

    /** Such input ends, and at a terminal nobody who reads keys would notice. */
    @Test
    void isNotFedFromElsewhere() throws Exception {
        for (String input : new String[] {"", "echo hi\n"}) {
            for (String line : new String[] {"run -it busybox", "container exec -i -t one sh"}) {
                Caisson.Outcome outcome = caisson.runWithInput(input.getBytes(StandardCharsets.UTF_8), line.split(" "));
                assertEquals(125, outcome.status(), outcome::toString);
                assertEquals("", outcome.text());
                assertTrue(outcome.err().matches("caisson: caisson .*: -i and -t .* terminal .*\n"), outcome::err);
            }
        }
    }
}
