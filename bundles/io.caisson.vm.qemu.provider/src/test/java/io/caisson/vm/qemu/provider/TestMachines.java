package io.caisson.vm.qemu.provider;

import io.caisson.kernel.api.Kernel;
import io.caisson.vm.api.InitialRamdisk;
import io.caisson.vm.api.VirtualMachineSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Starts machines for a test and ends them with it. */
final class TestMachines {
    /** A machine takes a second; a busy host's takes longer. */
    static final long PATIENCE_SECONDS = 60;

    private final Path directory;
    private final Kernel kernel;
    private final InitialRamdisk ramdisk = TestGuest.ramdisk();
    private final Deque<AutoCloseable> open = new ConcurrentLinkedDeque<>();

    /**
     * Machines.
     *
     * @param kernels where the kernel is, or is to be, unpacked
     * @param directory for the machines' files
     */
    TestMachines(Path kernels, Path directory) throws IOException {
        this.directory = directory;
        kernel = TestGuest.kernel(kernels);
    }

    Path directory(String id) {
        return directory.resolve(id);
    }

    /** With the provider's own choice of everything. */
    QemuMachine start(String id, Consumer<VirtualMachineSpec.Builder> more) throws Exception {
        return start(null, id, more);
    }

    /** With another program in QEMU's place. */
    QemuMachine start(@Nullable String program, String id, Consumer<VirtualMachineSpec.Builder> more) throws Exception {
        Path own = Files.createDirectories(directory(id));
        var vsock = new FakeVsockDevice(own);
        open.push(vsock);
        VirtualMachineSpec.Builder spec = VirtualMachineSpec.builder(id)
                .kernel(kernel)
                .initialRamdisk(ramdisk)
                .vsock(vsock.attachment())
                .directory(own);
        more.accept(spec);
        var provider = new QemuProvider(directory.resolve("home").toString(), program, true, NoLogger.get());
        var machine = (QemuMachine) provider.start(spec.build());
        open.push(machine);
        return machine;
    }

    String console(String id) throws IOException {
        return Files.readString(directory(id).resolve("console.log"));
    }

    /** Waits until the machine's console shows this. */
    void awaitConsole(String id, String text) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        try (WatchService changes = directory.getFileSystem().newWatchService()) {
            WatchKey key = directory(id).register(changes, StandardWatchEventKinds.ENTRY_MODIFY);
            while (!console(id).contains(text)) {
                if (changes.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS) == null) {
                    throw new AssertionError("the console does not show '" + text + "' but: " + console(id));
                }
                key.pollEvents();
                key.reset();
            }
        }
    }

    /** Ends them all. */
    void endAll() throws Exception {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }
}
