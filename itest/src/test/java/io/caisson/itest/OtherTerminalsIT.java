package io.caisson.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.host.linux.ffm.Terminal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One container, several terminals: {@code exec}, {@code list} and {@code stop}, and the interactive shell. */
class OtherTerminalsIT {
    private static final Terminal.Size SIZE = new Terminal.Size(24, 100);

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

    private static Caisson.Outcome container(String... arguments) throws Exception {
        var line = new ArrayList<>(List.of("container"));
        line.addAll(List.of(arguments));
        return caisson.run(line.toArray(String[]::new));
    }

    private static String printed(Caisson.Outcome outcome) {
        assertEquals("", outcome.err());
        assertEquals(0, outcome.status());
        return outcome.text();
    }

    private static Caisson.Started start(String name, String script) throws Exception {
        Caisson.Started started = caisson.start("run", "--name", name, "busybox", "sh", "-c", "echo ready; " + script);
        assertEquals("ready", started.firstLine());
        return started;
    }

    @Test
    void furtherProcessesHaveTheirOwnTerminals() throws Exception {
        try (var running = start("one", "exec sleep 1000");
                AtTerminal terminal = AtTerminal.start(caisson, SIZE, "container", "exec", "-it", "one", "sh")) {
            terminal.await("# ");
            assertTrue(terminal.isRaw());
            terminal.type("tty; stty size; ps -o pid,args | grep 'slee[p]'\n");
            terminal.await("\n/dev/pts/0\r\n24 100\r\n");
            terminal.await("1 sleep 1000");
            terminal.resize(new Terminal.Size(30, 90));
            terminal.type("while [ \"$(stty size)\" != '30 90' ]; do :; done; echo it ''is so\n");
            terminal.await("it is so");
            assertEquals("/dev/pts/1\r\n", container("exec", "-t", "one", "tty").text());
            terminal.type("echo sle''eping; sleep 500\n");
            terminal.await("sleeping");
            terminal.type("\u0003echo sta''tus $?\n");
            terminal.await("status 130");
            terminal.type("exit 11\n");
            assertEquals(11, terminal.finish(), terminal::shown);
            assertTrue(terminal.isAsBefore());
            assertEquals("one\n", printed(container("stop", "-t", "0", "one")));
            assertEquals(137, running.finish().status());
        }
    }

    @Test
    void aContainerThatStopsStillExecutesAndAnswersEverybodyWhoStopsIt() throws Exception {
        // It ends when it is told to by the command that is executed while it stops.
        try (var running =
                start("slow", "trap 'echo stopping' TERM; while [ ! -e /enough ]; do sleep 0.1; done; exit 4")) {
            var listed = printed(container("list", "--format", "json"));
            assertTrue(listed.contains("\"name\": \"slow\""), listed);
            try (var first = caisson.start("container", "stop", "-t", "60", "slow");
                    var second = caisson.start("container", "stop", "-t", "60", "slow");
                    var other = caisson.start("container", "exec", "slow", "sh", "-c", "echo here; sleep 1000")) {
                assertEquals("here", other.firstLine());
                running.awaitLine("stopping");
                // The container ends once that is there, which may be before this command has heard of its own end.
                container("exec", "slow", "touch", "/enough");
                assertEquals(4, running.finish().status());
                // Both were waiting when it ended, or one came too late to find it.
                List<Caisson.Outcome> stops = List.of(first.finish(), second.finish());
                assertTrue(stops.stream().anyMatch(stop -> stop.status() == 0), stops::toString);
                for (Caisson.Outcome stop : stops) {
                    assertTrue(
                            stop.status() == 0 || stop.err().startsWith("caisson: no container 'slow'"),
                            stop::toString);
                }
                assertEquals(137, other.finish().status());
            }
        }
        assertEquals(125, container("exec", "slow", "true").status());
    }

    @Test
    void whatAKilledOwnerLeavesIsNoContainer() throws Exception {
        try (var running = start("doomed", "exec sleep 1000");
                var other = caisson.start("container", "exec", "doomed", "sh", "-c", "echo here; sleep 1000")) {
            assertEquals("here", other.firstLine());
            ProcessHandle qemu =
                    Signalling.child(running.process().toHandle(), "qemu").orElseThrow();
            running.signal("KILL");
            assertEquals(137, running.finish().status());
            Caisson.Outcome lost = other.finish();
            assertEquals(125, lost.status());
            assertTrue(lost.err().endsWith("the connection to the guest is lost\n"), lost::toString);
            Signalling.awaitEnd(qemu, Duration.ofSeconds(5));
            leftovers.assertNoProcess();
            assertEquals(1, folders());
            assertFalse(printed(container("list")).contains("doomed"));
            assertEquals(0, folders());
        }
    }

    private static long folders() throws Exception {
        try (var entries = Files.list(home.resolve("containers"))) {
            return entries.filter(Files::isDirectory).count();
        }
    }

    @Test
    void aNameBelongsToOneContainer() throws Exception {
        try (var running = start("unique", "exec sleep 1000")) {
            Caisson.Outcome second = caisson.run("run", "--name", "unique", "busybox", "true");
            assertEquals(125, second.status());
            assertTrue(second.err().contains("there is a container named unique already"), second::toString);
            assertEquals("unique\n", printed(container("stop", "-t", "0", "unique")));
            assertEquals(137, running.finish().status());
        }
        assertEquals(
                0, caisson.run("run", "--name", "unique", "busybox", "true").status());
    }

    @Test
    void theShellRunsTheSameCommandsRemembersAndCompletesThem() throws Exception {
        try (AtTerminal terminal = AtTerminal.start(caisson, SIZE, "shell")) {
            terminal.await("leave it with exit or Ctrl-D");
            terminal.await("g!");
            // What is typed comes back in colours; so what is waited for is computed.
            terminal.type("run busybox expr 40 + 2\r");
            terminal.await("42\r\n");
            terminal.await("g!");
            // The key that goes up, as a terminal in application mode sends it.
            terminal.type("\u001bOA\r");
            terminal.await("42\r\n");
            terminal.await("g!");
            terminal.type("container:li\t\r");
            terminal.await("KERNEL");
            terminal.await("g!");
            // Ctrl-C drops the line, not the shell.
            terminal.type("nonsense\u0003");
            terminal.await("g!");
            terminal.type("no-such-command\r");
            // Not the name of an exception: what is wrong and where to look.
            assertFalse(terminal.await("unknown command 'no-such-command' (help lists those there are)")
                    .contains("Exception"));
            terminal.await("g!");
            terminal.type("container:stop\r");
            assertFalse(terminal.await("operand CONTAINER is missing").contains("Exception"));
            terminal.await("g!");
            terminal.type("lb 1 2 3 4\r");
            assertFalse(terminal.await("lb does not take these arguments (see help lb)")
                    .contains("Exception"));
            terminal.await("g!");
            terminal.type("run -it busybox sh\r");
            terminal.await("# ");
            terminal.type("expr 50 + 3\n");
            terminal.await("53\r\n");
            terminal.type("exit\n");
            terminal.await("g!");
            terminal.type("run -i busybox tr a-z A-Z\r");
            terminal.type("typed\n");
            terminal.await("TYPED\r\n");
            terminal.type("\u0004");
            terminal.await("g!");
            // Nothing of what is typed now belongs to a command that has ended.
            terminal.type("lb -s\r");
            terminal.await("io.caisson.shell.gogo");
            terminal.await("g!");
            terminal.type("\u0004");
            assertEquals(0, terminal.finish(), terminal::shown);
            assertTrue(terminal.isAsBefore());
        }
    }

    @Test
    void scriptsUseTheCommandsAsTheyAre() throws Exception {
        Caisson.Outcome outcome = caisson.runWithInput(
                "in\n".getBytes(StandardCharsets.UTF_8),
                "shell",
                "-c",
                "run -i busybox cat; run busybox seq 3 | run -i busybox tail -n 1; container:list; lb -s io.caisson.shell");
        assertEquals("", outcome.err());
        assertTrue(outcome.text().startsWith("in\n3\n"), outcome::toString);
        assertTrue(outcome.text().contains("io.caisson.shell.library"), outcome::toString);
        Caisson.Outcome faulty = caisson.run("shell", "-c", "no-such-command");
        assertEquals(
                new Caisson.Outcome(
                        125, "", "caisson: unknown command 'no-such-command' (help lists those there are)\n"),
                faulty);
    }

    @Test
    void scriptsUseTheFrameworksCommandsOnBundlesAndServices() throws Exception {
        for (String image : new String[] {"io.caisson.image.gogo", identifier("io.caisson.image.gogo")}) {
            String text = printed(caisson.run("shell", "-c", "stop " + image + "; lb -s io.caisson.image.gogo"));
            assertTrue(text.contains("|Resolved "), text);
        }
        assertTrue(printed(caisson.run("shell", "-c", "headers 0")).contains("Bundle-SymbolicName"));
        // What a shell does to bundles stays in that shell, however it is called.
        String others = "lb -s io.caisson.image.gogo";
        assertEquals(
                0,
                caisson.run("system", "shell", "-c", "uninstall io.caisson.image.gogo")
                        .status());
        assertEquals(
                0,
                caisson.run("--debug", "shell", "-c", "uninstall io.caisson.image.gogo")
                        .status());
        assertTrue(printed(caisson.run("system", "shell", "-c", others)).contains("|Active "));
    }

    private static String identifier(String bundle) throws Exception {
        return printed(caisson.run("shell", "-c", "lb -s " + bundle))
                .lines()
                .filter(line -> line.contains(bundle))
                .map(line -> line.substring(0, line.indexOf('|')).strip())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void helpInTheShellListsCaissonsCommandsByNounAndExplainsEach() throws Exception {
        String text = printed(caisson.run("shell", "-c", "help"));
        assertTrue(text.contains("\ncontainer\n  container:exec  Run a further command"), text);
        assertTrue(text.contains("\n  run             Run a command in a new container\n"), text);
        assertTrue(text.contains("felix:help"), text);
        assertTrue(
                printed(caisson.run("shell", "-c", "help container:stop")).startsWith("Usage: caisson container stop"));
        assertTrue(printed(caisson.run("shell", "-c", "help run")).startsWith("Usage: caisson run"));
        assertTrue(printed(caisson.run("shell", "-c", "help lb")).contains("list all installed bundles"));
        Caisson.Outcome unknown = caisson.run("shell", "-c", "help nonsense");
        assertEquals(125, unknown.status(), unknown::toString);
        assertTrue(unknown.err().startsWith("caisson: unknown command 'nonsense'"), unknown::toString);
    }

    @Test
    void misuseOfTheFrameworksCommandsNamesTheCommandAndItsHelp() throws Exception {
        assertEquals(
                new Caisson.Outcome(125, "", "caisson: lb does not take these arguments (see help lb)\n"),
                caisson.run("shell", "-c", "lb 1 2 3 4"));
    }

    @Test
    void exitEndsTheScriptWithItsStatus() throws Exception {
        assertEquals(new Caisson.Outcome(7, "", ""), caisson.run("shell", "-c", "exit 7; run no-such-image true"));
        assertEquals(new Caisson.Outcome(0, "", ""), caisson.run("shell", "-c", "exit"));
        Caisson.Outcome faulty = caisson.run("shell", "-c", "exit 256");
        assertEquals(new Caisson.Outcome(125, "", "caisson: exit takes a status from 0 to 255, not '256'\n"), faulty);
    }

    @Test
    void exitLeavesTheShellWithItsStatus() throws Exception {
        leaves("exit", 0);
        leaves("exit 3", 3);
    }

    private static void leaves(String line, int status) throws Exception {
        try (AtTerminal terminal = AtTerminal.start(caisson, SIZE, "shell")) {
            terminal.await("g!");
            terminal.type(line + "\r");
            assertEquals(status, terminal.finish(), terminal::shown);
            assertFalse(terminal.shown().contains("Exception"), terminal::shown);
            assertFalse(terminal.shown().contains("coerce"), terminal::shown);
            assertTrue(terminal.isAsBefore());
        }
    }

    @Test
    void aFaultyScriptIsRefusedInOneLine() throws Exception {
        assertEquals(
                new Caisson.Outcome(125, "", "caisson: the script fails: no matches found: $?\n"),
                caisson.run("shell", "-c", "lb -s $?"));
        Caisson.Outcome nothing = caisson.run("shell", "-c", "$nothing x");
        assertEquals(125, nothing.status());
        assertTrue(nothing.err().startsWith("caisson: the script fails: Command name evaluates to null"), nothing::err);
        assertEquals(nothing.err().length() - 1, nothing.err().indexOf('\n'), nothing::err);
    }
}
