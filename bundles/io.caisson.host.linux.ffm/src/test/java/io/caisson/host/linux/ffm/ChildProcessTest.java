package io.caisson.host.linux.ffm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ChildProcessTest {
    private static final Path SHELL = Path.of("/bin/sh");

    private final Path directory;

    ChildProcessTest(@TempDir Path directory) {
        this.directory = directory;
    }

    private static ChildProcessBuilder shell(String script, String... arguments) {
        return ChildProcess.builder(SHELL).arguments("-c", script, "sh").arguments(arguments);
    }

    /** What a process writes to its standard output. */
    private static String output(ChildProcessBuilder builder) throws Exception {
        try (UnixSocket.Pair pair = UnixSocket.pair("output")) {
            ChildProcess child;
            try (Descriptor end = pair.second().release()) {
                child = builder.output(ChildStream.of(end)).start();
            }
            try (child) {
                String text = new String(pair.first().input().readAllBytes(), UTF_8);
                assertEquals(new ProcessExit.Exited(0), child.awaitExit());
                return text.strip();
            }
        }
    }

    @Test
    void reportsStatusAndSignal() throws Exception {
        try (ChildProcess child = shell("exit 7").start()) {
            assertEquals(new ProcessExit.Exited(7), child.awaitExit());
            assertEquals(Optional.of(new ProcessExit.Exited(7)), child.exit());
            assertFalse(child.kill(ProcessSignal.TERM));
        }
        try (ChildProcess child =
                shell("read never").input(ChildStream.inherited()).start()) {
            assertTrue(child.awaitExit(Duration.ofMillis(1)).isEmpty()
                    || child.exit().isPresent());
        }
        try (UnixSocket.Pair pair = UnixSocket.pair("input");
                Descriptor end = pair.second().release();
                ChildProcess child =
                        shell("read never").input(ChildStream.of(end)).start()) {
            assertEquals(Optional.empty(), child.awaitExit(Duration.ofMillis(1)));
            assertTrue(child.kill(ProcessSignal.TERM));
            assertEquals(new ProcessExit.Killed(15), child.awaitExit());
        }
    }

    @Test
    void closingKillsAndReaps() throws Exception {
        ChildProcess child =
                ChildProcess.builder(Path.of("/bin/sleep")).arguments("1000").start();
        Path proc = Path.of("/proc/" + child.pid());
        assertTrue(Files.exists(proc));
        closeTwice(child);
        assertFalse(Files.exists(proc), "a zombie is left");
        assertEquals(new ProcessExit.Killed(9), child.awaitExit());
    }

    private static void closeTwice(ChildProcess child) throws IOException {
        child.close();
        child.close();
    }

    @Test
    void aHookHearsOfTheEndBeforeAndAfterIt() throws Exception {
        CompletableFuture<ProcessExit> before = new CompletableFuture<>();
        CompletableFuture<ProcessExit> after = new CompletableFuture<>();
        try (UnixSocket.Pair pair = UnixSocket.pair("input");
                Descriptor end = pair.second().release();
                ChildProcess child =
                        shell("read line; exit 3").input(ChildStream.of(end)).start()) {
            child.whenExited(before::complete);
            pair.first().output().write('\n');
            assertEquals(new ProcessExit.Exited(3), before.get(30, TimeUnit.SECONDS));
            child.whenExited(after::complete);
            assertEquals(new ProcessExit.Exited(3), after.get(30, TimeUnit.SECONDS));
        }
    }

    @Test
    void theChildHasExactlyTheDescriptorsItWasGiven() throws Exception {
        String expected = "0 1 2 3 7";
        try (Memfd file = Memfd.create("inherited", 5)) {
            for (boolean closefrom : new boolean[] {true, false}) {
                // ls itself opens the directory as the lowest number that is free
                ChildProcessBuilder builder =
                        shell("cd /proc/$$/fd && for fd in *; do readlink $fd > /dev/null && echo $fd; done");
                if (!closefrom) {
                    builder.withoutClosefrom();
                }
                assertEquals(3, builder.inherit(file.descriptor()));
                builder.inherit(file.descriptor(), 7);
                String shown = output(builder).replace('\n', ' ');
                assertEquals(expected, shown, "with closefrom: " + closefrom);
            }
        }
    }

    @Test
    void aDescriptorInheritedIsTheSameFile() throws Exception {
        try (Memfd file = Memfd.create("inherited", 0)) {
            ChildProcessBuilder builder = shell("echo -n written >&4");
            builder.inherit(file.descriptor(), 4);
            try (ChildProcess child = builder.start()) {
                assertEquals(new ProcessExit.Exited(0), child.awaitExit());
            }
            assertEquals(7, file.size());
        }
    }

    @Test
    void numbersInTheChildMayCrossThoseOfThisProcess() throws Exception {
        try (Memfd first = Memfd.create("first", 1);
                Memfd second = Memfd.create("second", 2)) {
            ChildProcessBuilder builder = shell("stat -Lc %s /dev/fd/3 /dev/fd/4 | tr '\\n' ' '");
            // whatever their numbers are here, one of the two orders crosses
            builder.inherit(first.descriptor(), 3).inherit(second.descriptor(), 4);
            assertEquals("1 2", output(builder));
            ChildProcessBuilder crossed = shell("stat -Lc %s /dev/fd/3 /dev/fd/4 | tr '\\n' ' '");
            crossed.inherit(second.descriptor(), 3).inherit(first.descriptor(), 4);
            assertEquals("2 1", output(crossed));
        }
    }

    @Test
    void streamsAreAppendedToAFileOfTheOwnersAlone() throws Exception {
        Path log = directory.resolve("log");
        for (int i = 0; i < 2; i++) {
            try (ChildProcess child = shell("echo out; echo err >&2")
                    .output(ChildStream.appendTo(log))
                    .error(ChildStream.appendTo(log))
                    .start()) {
                assertEquals(new ProcessExit.Exited(0), child.awaitExit());
            }
        }
        assertEquals("out\nerr\nout\nerr\n", Files.readString(log));
        assertEquals(
                "[OWNER_READ, OWNER_WRITE]", new java.util.TreeSet<>(Files.getPosixFilePermissions(log)).toString());
    }

    @Test
    void environmentDirectoryAndSessionAreAsAsked() throws Exception {
        assertEquals(
                directory.toRealPath() + " x y",
                output(shell("echo $(pwd -P) $A \"$1\"", "y")
                        .environment("A", "x")
                        .directory(directory)));
        assertEquals(
                "A=x",
                output(ChildProcess.builder(Path.of("/usr/bin/env"))
                        .clearEnvironment()
                        .environment("A", "x")));
        String[] session =
                output(shell("cut -d' ' -f1,6 /proc/$$/stat").newSession()).split(" ", -1);
        assertEquals(session[0], session[1]);
    }

    @Test
    void signalsAreReset() throws Exception {
        // the JVM catches or ignores several, and this thread's mask is not the child's business
        String status = output(shell("grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status"));
        String[] lines = status.split("\n", -1);
        assertEquals("SigBlk:\t0000000000000000", lines[0]);
        assertEquals("SigIgn:\t0000000000000000", lines[1]);
    }

    @Test
    void saysWhyAnExecutableCannotRun() throws Exception {
        for (boolean dies : new boolean[] {false, true}) {
            ChildProcessBuilder missing = ChildProcess.builder(directory.resolve("missing"));
            Path plain = Files.writeString(directory.resolve("plain" + dies), "text");
            ChildProcessBuilder notExecutable = ChildProcess.builder(plain);
            ChildProcessBuilder folder = ChildProcess.builder(directory);
            ChildProcessBuilder nowhere = shell("true").directory(directory.resolve("missing"));
            if (dies) {
                missing.diesWithOwner();
                notExecutable.diesWithOwner();
                folder.diesWithOwner();
                nowhere.diesWithOwner();
            }
            assertEquals(
                    "ENOENT",
                    assertThrows(SystemCallException.class, missing::start).symbol());
            assertEquals(
                    "EACCES",
                    assertThrows(SystemCallException.class, notExecutable::start)
                            .symbol());
            assertEquals(
                    "EACCES",
                    assertThrows(SystemCallException.class, folder::start).symbol());
            assertEquals(
                    "ENOENT",
                    assertThrows(SystemCallException.class, nowhere::start).symbol());
        }
        Path broken = Files.writeString(directory.resolve("broken"), "text");
        assertTrue(broken.toFile().setExecutable(true));
        assertEquals(
                "ENOEXEC",
                assertThrows(SystemCallException.class, () -> ChildProcess.builder(broken)
                                .start())
                        .symbol());
    }

    @Test
    void argumentsReachAChildThatDiesWithItsOwnerUnchanged() throws Exception {
        String awkward = "a b'c\"d$PPID\n*";
        assertEquals(
                awkward + "|--|",
                output(ChildProcess.builder(Path.of("/usr/bin/printf"))
                        .arguments("%s|", awkward, "--")
                        .diesWithOwner()));
    }

    @Test
    void aChildDiesWithAnOwnerThatIsKilled() throws Exception {
        try (UnixSocket.Pair pair = UnixSocket.pair("output")) {
            ChildProcess owner;
            try (Descriptor end = pair.second().release()) {
                owner = TestJvm.builder(Owner.class).output(ChildStream.of(end)).start();
            }
            try (owner) {
                assertEquals('k', pair.first().input().read());
                owner.kill(ProcessSignal.KILL);
                // the child holds the other end too: the end of the stream is the end of both
                assertEquals(-1, pair.first().input().read());
                assertEquals(new ProcessExit.Killed(9), owner.awaitExit());
            }
        }
    }

    /** Starts children that live for ever unless they are killed; the thread that asks for them ends at once. */
    static final class Owner {
        private Owner() {}

        public static void main(String[] arguments) throws Exception {
            Thread asking = Thread.ofPlatform().start(() -> {
                try {
                    ChildProcessBuilder builder = ChildProcess.builder(SHELL)
                            .arguments("-c", "printf k; exec sleep 1000")
                            .output(ChildStream.inherited())
                            .diesWithOwner()
                            .newSession();
                    ChildProcess child = builder.start();
                    child.exit();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            asking.join();
            Thread.sleep(Duration.ofDays(1));
        }
    }

    @Test
    void aChildWhoseOwnerDiedBeforeTheSignalWasAskedForDoesNotGoOn() throws Exception {
        int nobody = ProcessHandle.current()
                .parent()
                .map(ProcessHandle::pid)
                .orElse(0L)
                .intValue();
        for (int owner : new int[] {HostCalls.getpid(), nobody}) {
            ChildProcessBuilder builder = ChildProcess.builder(SHELL)
                    .arguments(
                            "-c",
                            ChildProcessBuilder.GO_ON_WITH_LIVING_OWNER,
                            Integer.toString(owner),
                            "/bin/sh",
                            "-c",
                            "exit 9");
            try (ChildProcess child = builder.start()) {
                assertEquals(new ProcessExit.Exited(owner == nobody ? 1 : 9), child.awaitExit());
            }
        }
    }

    @Test
    void exitsAreKnownToAProcessThatWasToldToIgnoreThem() throws Exception {
        ChildProcessBuilder java = TestJvm.builder(Ignorant.class);
        List<String> command = new ArrayList<>(List.of("-c", "trap '' CHLD; exec \"$@\"", "sh"));
        command.addAll(java.command());
        try (ChildProcess child = ChildProcess.builder(SHELL)
                .arguments(command)
                .error(ChildStream.inherited())
                .start()) {
            assertEquals(new ProcessExit.Exited(6), child.awaitExit());
        }
    }

    /** Ends with the exit status of a child plus one. */
    static final class Ignorant {
        private Ignorant() {}

        public static void main(String[] arguments) throws Exception {
            try (ChildProcess child = shell("exit 5").start()) {
                if (child.awaitExit() instanceof ProcessExit.Exited(int status)) {
                    System.exit(status + 1);
                }
            }
        }
    }

    @Test
    void aChildOutlivesTheThreadThatAskedForIt() throws Exception {
        CompletableFuture<ChildProcess> started = new CompletableFuture<>();
        try (UnixSocket.Pair pair = UnixSocket.pair("input");
                Descriptor end = pair.second().release()) {
            Thread asking = Thread.ofPlatform().start(() -> {
                try {
                    started.complete(shell("read line; exit 5")
                            .input(ChildStream.of(end))
                            .diesWithOwner()
                            .start());
                } catch (IOException e) {
                    started.completeExceptionally(e);
                }
            });
            asking.join();
            try (ChildProcess child = started.get()) {
                pair.first().output().write('\n');
                assertEquals(new ProcessExit.Exited(5), child.awaitExit());
            }
        }
    }

    @Test
    void manyChildrenLeaveNothingBehind() throws Exception {
        int children = Integer.getInteger("caisson.test.children", 300);
        runOne();
        long before = descriptors();
        for (int i = 0; i < children; i++) {
            runOne();
        }
        awaitNoThread("caisson-host-children");
        assertTrue(descriptors() <= before, descriptors() + " descriptors, " + before + " before");
        assertEquals(0, ProcessHandle.current().children().count());
    }

    private static void runOne() throws Exception {
        try (ChildProcess child = shell("exit 0").start()) {
            assertEquals(new ProcessExit.Exited(0), child.awaitExit());
        }
    }

    private static long descriptors() {
        return Arrays.stream(Objects.requireNonNull(new File("/proc/self/fd").list()))
                .count();
    }

    private static void awaitNoThread(String name) throws InterruptedException {
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().equals(name)) {
                thread.join();
            }
        }
    }
}
