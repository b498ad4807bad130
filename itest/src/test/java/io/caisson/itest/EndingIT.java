package io.caisson.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Commands that are ended at any moment: they undo what they began and say by their exit status what ended them. */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EndingIT {
    private static final Duration SOON = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @TempDir
    static Path home;

    @TempDir
    static Path tools;

    private static Caisson caisson;
    private static Caisson neverBooting;
    private static Leftovers leftovers;

    @BeforeAll
    static void furnish() throws Exception {
        caisson = Caisson.withHome(home);
        neverBooting = caisson.with("CAISSON_QEMU", FakeQemu.paused(tools).toString());
        leftovers = Leftovers.watch(caisson, home);
    }

    @AfterEach
    void leavesNothingBehind() throws Exception {
        leftovers.assertNone();
    }

    private static void await(Caisson.Started command, BooleanSupplier event) throws Exception {
        assertTrue(
                Looking.until(
                        () -> {
                            assertTrue(command.process().isAlive(), "the command has ended before");
                            return event.getAsBoolean();
                        },
                        PATIENCE),
                "it does not come to that");
    }

    /** Whether the command has become one of these programs. */
    private static boolean is(Caisson.Started command, String... programs) {
        try {
            String name = Files.readString(Path.of("/proc/" + command.process().pid() + "/comm"));
            return List.of(programs).contains(name.strip());
        } catch (IOException e) {
            return false;
        }
    }

    /** Whether the command has a file open whose path contains this. */
    private static boolean hasOpen(Caisson.Started command, String part) {
        try (var entries =
                Files.newDirectoryStream(Path.of("/proc/" + command.process().pid() + "/fd"))) {
            for (Path entry : entries) {
                if (Files.readSymbolicLink(entry).toString().contains(part)) {
                    return true;
                }
            }
            return false;
        } catch (IOException | UncheckedIOException | DirectoryIteratorException e) {
            // One was closed meanwhile: look again.
            return false;
        }
    }

    private static boolean hasMachine(Caisson.Started command) {
        return Signalling.child(command.process().toHandle(), "qemu").isPresent();
    }

    private static void endsBy(String signal, int number, Caisson.Started command) throws Exception {
        command.signal(signal);
        assertEquals(new Caisson.Outcome(128 + number, "", ""), command.finish());
    }

    @ParameterizedTest
    @CsvSource({"INT,2", "TERM,15", "HUP,1"})
    void beforeTheJvmIsThere(String signal, int number) throws Exception {
        try (var command = neverBooting.start("run", "busybox", "true")) {
            await(command, () -> is(command, "caisson", "java"));
            endsBy(signal, number, command);
        }
    }

    @ParameterizedTest
    @CsvSource({"INT,2", "TERM,15", "HUP,1"})
    void whenTheJvmHasJustStarted(String signal, int number) throws Exception {
        try (var command = neverBooting.start("run", "busybox", "true")) {
            await(command, () -> is(command, "java"));
            endsBy(signal, number, command);
        }
    }

    @ParameterizedTest
    @CsvSource({"INT,2", "TERM,15", "HUP,1"})
    void whileTheFrameworkStarts(String signal, int number) throws Exception {
        try (var command = neverBooting.start("run", "busybox", "true")) {
            await(command, () -> hasOpen(command, "/bundle/"));
            endsBy(signal, number, command);
        }
    }

    /** Somebody else builds it, which takes as long as this test likes. */
    @ParameterizedTest
    @CsvSource({"INT,2", "TERM,15", "HUP,1"})
    void whileTheRootFileSystemIsBuilt(String signal, int number) throws Exception {
        Path image = only(home.resolve("rootfs"), "");
        Path lockFile = only(home.resolve("locks"), "rootfs-");
        Path aside = Files.move(image, tools.resolve("aside"));
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.WRITE);
                FileLock lock = channel.lock();
                var command = neverBooting.start("run", "busybox", "true")) {
            assertTrue(lock.isValid());
            await(command, () -> hasOpen(command, "/locks/rootfs-"));
            endsBy(signal, number, command);
        } finally {
            Files.move(aside, image);
        }
    }

    private static Path only(Path directory, String prefix) throws IOException {
        try (var entries = Files.newDirectoryStream(directory, prefix + "*")) {
            return entries.iterator().next();
        }
    }

    @ParameterizedTest
    @CsvSource({"INT,2", "TERM,15", "HUP,1"})
    void whileTheMachineBoots(String signal, int number) throws Exception {
        try (var command = neverBooting.start("run", "busybox", "true")) {
            await(command, () -> hasMachine(command));
            endsBy(signal, number, command);
        }
    }

    @ParameterizedTest
    @CsvSource({"INT,2", "TERM,15"})
    void whileTheProcessRunsThreeTimesAreEnoughAndTheSecondIsAnswered(String signal, int number) throws Exception {
        // Process 1 of a container ignores what it does not handle.
        try (var command = caisson.start("run", "busybox", "sh", "-c", "echo ready; exec sleep 1000")) {
            assertEquals("ready", command.firstLine());
            command.signal(signal);
            command.signal(signal);
            // Who sent two in vain is told what a third does.
            String told = command.firstErrorLine();
            assertTrue(
                    told.matches("caisson: container [0-9a-f]{16} has been sent SIG" + signal
                            + " and goes on; once more ends it at once"),
                    told);
            command.signal(signal);
            assertEquals(new Caisson.Outcome(128 + number, "ready\n", told + "\n"), command.finish());
        }
    }

    @ParameterizedTest
    @CsvSource({"INT,3", "TERM,4", "HUP,5"})
    void theProcessMayHandleThem(String signal, int status) throws Exception {
        String script = "trap 'echo bye; exit " + status + "' " + signal + "; echo ready; while :; do sleep 0.1; done";
        try (var command = caisson.start("run", "busybox", "sh", "-c", script)) {
            assertEquals("ready", command.firstLine());
            command.signal(signal);
            assertEquals(new Caisson.Outcome(status, "ready\nbye\n", ""), command.finish());
        }
    }

    @Test
    void whatItsStarterIgnoresItIgnoresToo() throws Exception {
        try (var command = caisson.through("env", "--ignore-signal=INT,HUP")
                .start(
                        "run",
                        "-i",
                        "busybox",
                        "sh",
                        "-c",
                        "trap 'echo told' INT HUP; echo ready; read word; echo $word")) {
            assertEquals("ready", command.firstLine());
            command.signal("INT");
            command.signal("HUP");
            command.write("untold\n".getBytes(StandardCharsets.UTF_8));
            assertEquals(new Caisson.Outcome(0, "ready\nuntold\n", ""), command.finish());
        }
    }

    @Test
    void killedWhileTheMachineBoots() throws Exception {
        try (var command = neverBooting.start("run", "busybox", "true")) {
            await(command, () -> hasMachine(command));
            kill(command);
        }
    }

    @Test
    void killedWhileTheProcessRuns() throws Exception {
        try (var command = caisson.start("run", "busybox", "sh", "-c", "echo ready; exec sleep 1000")) {
            assertEquals("ready", command.firstLine());
            kill(command);
        }
    }

    /** Nothing can be undone then; but the machine is gone, and the next command puts the home in order. */
    private static void kill(Caisson.Started command) throws Exception {
        ProcessHandle qemu =
                Signalling.child(command.process().toHandle(), "qemu").orElseThrow();
        command.signal("KILL");
        assertEquals(137, command.finish().status());
        Signalling.awaitEnd(qemu, SOON);
        leftovers.assertNoProcess();
        assertEquals(1, containers());
        assertEquals(0, caisson.run("container", "list").status());
        assertEquals(0, containers());
    }

    private static long containers() throws IOException {
        try (var entries = Files.list(home.resolve("containers"))) {
            return entries.count();
        }
    }

    @Test
    void whenTheMachineIsKilledTheCommandSaysSo() throws Exception {
        try (var command = caisson.start("run", "busybox", "sh", "-c", "echo ready; exec sleep 1000")) {
            assertEquals("ready", command.firstLine());
            Signalling.send(
                    Signalling.child(command.process().toHandle(), "qemu")
                            .orElseThrow()
                            .pid(),
                    "KILL");
            Caisson.Outcome outcome = command.finish();
            assertEquals(125, outcome.status());
            assertTrue(
                    outcome.err()
                            .matches("caisson: the machine of container [0-9a-f]{16} is gone: its monitor failed .*\n"),
                    outcome::toString);
        }
    }
}
