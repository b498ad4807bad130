package io.caisson.vm.qemu.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.vm.api.BlockDisk;
import io.caisson.vm.api.Standstill;
import io.caisson.vm.api.VirtualMachineExit;
import io.caisson.vm.api.VirtualMachineExit.Cause;
import io.caisson.vm.api.VirtualMachineSpec;
import io.caisson.vsock.api.VsockAttachment;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Machines as they are: QEMU, the project's kernel and a guest of busybox. */
@ExtendWith(LeakCheck.class)
@Timeout(300)
class QemuMachineVmIT {
    @TempDir
    static Path kernels;

    private final Path directory;
    private final TestMachines machines;

    QemuMachineVmIT(@TempDir Path directory) throws Exception {
        this.directory = directory;
        machines = new TestMachines(kernels, directory);
    }

    /** What the JVM opens once and keeps, such as its pollers, is no leak. */
    @BeforeAll
    static void startOneBefore(@TempDir Path elsewhere) throws Exception {
        var first = new TestMachines(kernels, elsewhere);
        first.start("first", QemuMachineVmIT::nothingMore);
        first.endAll();
    }

    @AfterEach
    void endMachines() throws Exception {
        machines.endAll();
    }

    private static void nothingMore(VirtualMachineSpec.Builder spec) {}

    private static Consumer<VirtualMachineSpec.Builder> doing(String what) {
        return spec -> spec.kernelArgument("caisson.test=" + what);
    }

    private static VirtualMachineExit ending(QemuMachine machine) throws Exception {
        return machine.awaitExit(Duration.ofSeconds(TestMachines.PATIENCE_SECONDS))
                .orElseThrow(() -> new AssertionError(machine + " still runs"));
    }

    private Path disk(String name, int mebibytes) throws Exception {
        Path image = directory.resolve(name);
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength((long) mebibytes << 20);
        }
        return image;
    }

    private Path script(String name, String body) throws Exception {
        Path script = Files.writeString(directory.resolve(name), "#!/bin/sh\n" + body + "\n");
        assertTrue(script.toFile().setExecutable(true));
        return script;
    }

    @Test
    void bootsToInitsFirstLineAndPowersOff() throws Exception {
        QemuMachine machine = machines.start("box", doing("poweroff"));
        assertEquals(Optional.empty(), machine.exit());

        VirtualMachineExit exit = ending(machine);

        assertEquals(Cause.POWER_OFF, exit.cause(), exit.detail());
        assertTrue(machines.console("box").contains(TestGuest.READY));
        assertEquals(Optional.of(exit), machine.exit());
    }

    @Test
    void theGuestHasTheProcessorsTheMemoryAndTheDevicesAskedFor() throws Exception {
        QemuMachine machine = machines.start(
                "box", doing("host").andThen(spec -> spec.processors(2).memoryBytes(512L << 20)));
        ending(machine);

        String console = machines.console("box");
        assertTrue(console.contains("guest: processors 2"), console);
        assertTrue(console.contains("guest: random 8"), console);
        assertTrue(console.contains("guest: clock tsc") || console.contains("guest: clock kvm-clock"), console);
        var memory = Pattern.compile("guest: memory (\\d+) kB").matcher(console);
        assertTrue(memory.find(), console);
        int mebibytes = Integer.parseInt(memory.group(1)) >> 10;
        assertTrue(mebibytes > 450 && mebibytes <= 512, mebibytes + " MiB");
    }

    @Test
    void aGuestThatDoesNotStandStillAfterAllBoots() throws Exception {
        var standstill = new Standstill("never said", 0x60000);
        for (String id : List.of("first", "second")) {
            QemuMachine machine = machines.start(id, doing("poweroff").andThen(spec -> spec.standstill(standstill)));
            assertEquals(Cause.POWER_OFF, ending(machine).cause());
            assertTrue(machines.console(id).contains(TestGuest.READY));
        }
        Path templates = directory.resolve("home/cache/vm.qemu/templates");
        try (var files = Files.walk(templates)) {
            List<Path> notes =
                    files.filter(file -> file.toString().endsWith(".unfit")).toList();
            assertEquals(1, notes.size(), notes.toString());
            String reason = Files.readString(notes.getFirst());
            assertTrue(reason.startsWith("a guest booted without devices ended: "), reason);
        }
    }

    @Test
    void aPanicIsAGuestCrashAndItsLineTheDetail() throws Exception {
        VirtualMachineExit exit = ending(machines.start("box", doing("panic")));
        assertEquals(Cause.GUEST_CRASH, exit.cause(), exit.detail());
        assertTrue(exit.detail().contains("Kernel panic - not syncing: Attempted to kill init!"), exit.detail());
    }

    @Test
    void disksAreFoundBySerialAndAWritableOneIsWrittenAndAReadOnlyOneNot() throws Exception {
        Path readOnly = disk("read-only", 4);
        Files.writeString(readOnly, "read me now\n");
        Path writable = disk("writable", 8);
        QemuMachine machine =
                machines.start("box", doing("disks").andThen(spec -> spec.disk(new BlockDisk(readOnly, true))
                        .disk(new BlockDisk(writable, false))));
        assertEquals("caisson-0", machine.diskSerial(0));
        assertEquals("caisson-1", machine.diskSerial(1));
        assertEquals(
                ErrorKind.NOT_FOUND,
                assertThrows(CaissonException.class, () -> machine.diskSerial(2))
                        .kind());
        assertEquals(Cause.POWER_OFF, ending(machine).cause());

        String console = machines.console("box");
        assertTrue(console.contains("guest: serial caisson-1 ro 0 sectors 16384"), console);
        assertTrue(console.contains("read me now"), console);
        assertTrue(console.contains("guest: cannot write slot 0"), console);
        assertEquals("read me now\n", Files.readString(readOnly).substring(0, 12));
        try (var file = new RandomAccessFile(writable.toFile(), "r")) {
            assertEquals("guest was here", file.readLine());
        }
        Process blocks = new ProcessBuilder("stat", "-c", "%b", writable.toString()).start();
        int used = Integer.parseInt(new String(blocks.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip());
        assertTrue(used * 512 < 1 << 20, "the zeros that the guest wrote are a hole, and " + used + " blocks are used");
    }

    @Test
    void anImageHasManyReadersOrOneWriter() throws Exception {
        BlockDisk shared = new BlockDisk(disk("shared", 1), true);
        machines.start("reader-1", spec -> spec.disk(shared));
        machines.start("reader-2", spec -> spec.disk(shared));
        machines.awaitConsole("reader-1", TestGuest.READY);
        machines.awaitConsole("reader-2", TestGuest.READY);

        BlockDisk own = new BlockDisk(disk("own", 1), false);
        machines.start("writer-1", spec -> spec.disk(own));
        machines.awaitConsole("writer-1", TestGuest.READY);
        VirtualMachineExit exit = ending(machines.start("writer-2", spec -> spec.disk(own)));
        assertEquals(Cause.MONITOR_FAILURE, exit.cause());
        assertTrue(exit.detail().contains("lock"), exit.detail());
    }

    @Test
    void closeEndsTheMachineFromAnyThreadAndMoreThanOnce() throws Exception {
        QemuMachine machine = machines.start("box", QemuMachineVmIT::nothingMore);
        machines.awaitConsole("box", TestGuest.READY);
        long began = System.nanoTime();
        try (var executor = Executors.newFixedThreadPool(4)) {
            var closing = new ArrayList<Future<?>>();
            for (int i = 0; i < 4; i++) {
                closing.add(executor.submit(machine::close));
            }
            for (Future<?> closed : closing) {
                closed.get();
                assertFalse(ProcessHandle.of(machine.processId()).isPresent(), "QEMU is gone when close returns");
            }
        }
        machine.close();
        assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(5));
        assertEquals(Cause.CLOSED, machine.exit().orElseThrow().cause());
    }

    @Test
    void closeRightAfterTheStartLeavesNothing() throws Exception {
        for (int i = 0; i < 5; i++) {
            QemuMachine machine = machines.start("box" + i, QemuMachineVmIT::nothingMore);
            machine.close();
            assertEquals(Cause.CLOSED, machine.exit().orElseThrow().cause());
        }
    }

    @Test
    void aKilledQemuIsAMonitorFailureAndTheDetailHasTheSignal() throws Exception {
        QemuMachine machine = machines.start("box", QemuMachineVmIT::nothingMore);
        machines.awaitConsole("box", TestGuest.READY);
        assertTrue(ProcessHandle.of(machine.processId()).orElseThrow().destroyForcibly());
        VirtualMachineExit exit = ending(machine);
        assertEquals(Cause.MONITOR_FAILURE, exit.cause());
        assertTrue(exit.detail().contains("signal 9"), exit.detail());
    }

    @Test
    void aQemuThatWasAskedToEndByAnotherIsAMonitorFailure() throws Exception {
        QemuMachine machine = machines.start("box", QemuMachineVmIT::nothingMore);
        machine.monitor().execute("query-status").get(TestMachines.PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertTrue(ProcessHandle.of(machine.processId()).orElseThrow().destroy());
        VirtualMachineExit exit = ending(machine);
        assertEquals(Cause.MONITOR_FAILURE, exit.cause());
        assertTrue(exit.detail().contains("host-signal"), exit.detail());
    }

    @Test
    void theMonitorAnswersCommands() throws Exception {
        QemuMachine machine = machines.start("box", QemuMachineVmIT::nothingMore);
        QmpSession monitor = machine.monitor();
        assertTrue(monitor.execute("query-status")
                .get(TestMachines.PATIENCE_SECONDS, TimeUnit.SECONDS)
                .flag("running"));
        monitor.execute("quit").get(TestMachines.PATIENCE_SECONDS, TimeUnit.SECONDS);
        VirtualMachineExit exit = ending(machine);
        assertEquals(Cause.MONITOR_FAILURE, exit.cause());
        assertTrue(exit.detail().contains("host-qmp-quit"), exit.detail());
    }

    @Test
    void dyingWithItsOwnerWhateverKillsThat() throws Exception {
        Process owner = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        OwnerMain.class.getName(),
                        kernels.toString(),
                        directory.toString())
                .redirectError(Redirect.INHERIT)
                .start();
        try (var out = new BufferedReader(new InputStreamReader(owner.getInputStream(), StandardCharsets.UTF_8))) {
            String line = out.readLine();
            ProcessHandle qemu =
                    ProcessHandle.of(Long.parseLong(String.valueOf(line))).orElseThrow();
            Future<ProcessHandle> gone = qemu.onExit();
            owner.destroyForcibly();
            gone.get(5, TimeUnit.SECONDS);
        } finally {
            owner.destroyForcibly();
            owner.waitFor();
        }
    }

    @Test
    void qemusCommandLineShowsNoPathOfOurs() throws Exception {
        QemuMachine machine = machines.start("box", spec -> spec.disk(new BlockDisk(uncheckedDisk("disk"), false)));
        machines.awaitConsole("box", TestGuest.READY);
        String line =
                Files.readString(Path.of("/proc/" + machine.processId() + "/cmdline"), StandardCharsets.ISO_8859_1);
        assertTrue(line.contains("-name\0box\0"), line);
        assertFalse(line.contains(directory.toString()) || line.contains(kernels.toString()), line);
    }

    @Test
    void aMissingProgramIsUnavailableAndTheMessageHasTheRemedy() {
        var failure = assertThrows(
                CaissonException.class, () -> machines.start("/no/such/qemu", "box", QemuMachineVmIT::nothingMore));
        assertEquals(ErrorKind.UNAVAILABLE, failure.kind());
        assertTrue(failure.getMessage().contains("apt install qemu-system-x86"), failure.getMessage());
        var provider = new QemuProvider(null, "/no/such/qemu", true, NoLogger.get());
        assertFalse(provider.availability().available());
    }

    @Test
    void aProgramThatFailsAtOnceEndsTheMachineWithItsOwnWords() throws Exception {
        Path broken = script(
                "broken",
                "case $1 in --version) echo 'QEMU emulator version 9.0.0'; exit;; esac; echo 'no memory today' >&2; exit 3");
        VirtualMachineExit exit = ending(machines.start(broken.toString(), "box", QemuMachineVmIT::nothingMore));
        assertEquals(Cause.MONITOR_FAILURE, exit.cause());
        assertEquals("QEMU ended with exit status 3; it said: no memory today", exit.detail());
    }

    @Test
    void aProgramThatIsNoQemuOrTooOldIsUnavailable() throws Exception {
        for (String version : List.of("echo hello", "exit 1", "echo 'QEMU emulator version 6.2.0'")) {
            String id = "box" + version.length();
            Path program = script("program-of-" + id, version);
            var failure = assertThrows(
                    CaissonException.class, () -> machines.start(program.toString(), id, QemuMachineVmIT::nothingMore));
            assertEquals(ErrorKind.UNAVAILABLE, failure.kind(), failure.getMessage());
            assertTrue(failure.getMessage().contains(program.toString()), failure.getMessage());
        }
    }

    @Test
    void whatIsMissingIsNamed() throws Exception {
        Path missing = directory.resolve("missing");
        var noDisk = assertThrows(
                CaissonException.class,
                () -> machines.start("no-disk", spec -> spec.disk(new BlockDisk(missing, true))));
        assertEquals(ErrorKind.NOT_FOUND, noDisk.kind());
        assertTrue(noDisk.getMessage().contains(missing.toString()), noDisk.getMessage());

        var noDevice = assertThrows(
                CaissonException.class,
                () -> machines.start("no-device", spec -> spec.vsock(new VsockAttachment.VhostUser(missing))));
        assertEquals(ErrorKind.UNAVAILABLE, noDevice.kind());
        assertTrue(noDevice.getMessage().contains(missing.toString()), noDevice.getMessage());

        var otherDevice = assertThrows(
                CaissonException.class,
                () -> machines.start("other-device", spec -> spec.vsock(new VsockAttachment.HostCid(3))));
        assertEquals(ErrorKind.UNSUPPORTED, otherDevice.kind());

        var tooMany = assertThrows(
                CaissonException.class,
                () -> machines.start("too-many", spec -> {
                    for (int i = 0; i <= new Microvm().mostDisks(); i++) {
                        spec.disk(new BlockDisk(missing, true));
                    }
                }));
        assertEquals(ErrorKind.UNSUPPORTED, tooMany.kind());
    }

    @Test
    void allTheDisksThatAreAllowedFit() throws Exception {
        QemuMachine machine = machines.start("box", doing("disks").andThen(spec -> {
            for (int i = 0; i < new Microvm().mostDisks(); i++) {
                spec.disk(new BlockDisk(uncheckedDisk("disk" + i), false));
            }
        }));
        ending(machine);
        String console = machines.console("box");
        for (int i = 0; i < new Microvm().mostDisks(); i++) {
            assertTrue(console.contains("guest: serial caisson-" + i + " "), console);
        }
    }

    private Path uncheckedDisk(String name) {
        try {
            return disk(name, 6);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aFullDiskUnderTheConsolesLogStopsNothing() throws Exception {
        Path own = Files.createDirectories(machines.directory("box"));
        Files.createSymbolicLink(own.resolve("console.log"), Path.of("/dev/full"));
        VirtualMachineExit exit = ending(machines.start("box", doing("panic")));
        assertEquals(Cause.GUEST_CRASH, exit.cause());
        assertTrue(exit.detail().contains("Attempted to kill init"), exit.detail());
        assertTrue(exit.detail().contains("console.log is incomplete"), exit.detail());
        Files.delete(own.resolve("console.log"));
    }

    @Test
    void twentyMachinesStartAtOnce() throws Exception {
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            var starts = new ArrayList<Future<VirtualMachineExit>>();
            for (int i = 0; i < 20; i++) {
                String id = "box" + i;
                starts.add(executor.submit(() ->
                        ending(machines.start(id, doing("poweroff").andThen(spec -> spec.memoryBytes(64L << 20))))));
            }
            for (Future<VirtualMachineExit> started : starts) {
                assertEquals(Cause.POWER_OFF, started.get().cause());
            }
        }
    }
}
