package io.caisson.vm.qemu.provider;

import io.caisson.host.linux.ffm.ChildProcess;
import io.caisson.host.linux.ffm.ChildProcessBuilder;
import io.caisson.host.linux.ffm.ChildStream;
import io.caisson.host.linux.ffm.Descriptor;
import io.caisson.host.linux.ffm.HostFile;
import io.caisson.host.linux.ffm.Memfd;
import io.caisson.host.linux.ffm.Seal;
import io.caisson.host.linux.ffm.SystemCallException;
import io.caisson.host.linux.ffm.UnixSocket;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.vm.api.BlockDisk;
import io.caisson.vm.api.InitialRamdisk;
import io.caisson.vm.api.VirtualMachineSpec;
import io.caisson.vm.qemu.provider.MachineLayout.Beginning;
import io.caisson.vm.qemu.provider.MachineLayout.Devices;
import io.caisson.vm.qemu.provider.MachineLayout.Kernel;
import io.caisson.vsock.api.VsockAttachment;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Starts QEMU for one machine. What QEMU needs is opened here, in its user's name, and inherited; when a step fails all
 * that was acquired before is released in reverse order.
 */
final class MachineLauncher {
    /** For each of a machine's logs; a guest must not fill the disk. */
    private static final long LOG_LIMIT = 4 << 20;

    private final MachineType type;
    private final QemuProgram program;
    private final Acceleration acceleration;
    private final OptionalLong timeStampKilohertz;

    /**
     * A launcher.
     *
     * @param type the machine's
     * @param program the QEMU to start
     * @param acceleration how it executes guest code
     * @param timeStampKilohertz the rate of the host's time stamp counter, where it is known
     */
    MachineLauncher(MachineType type, QemuProgram program, Acceleration acceleration, OptionalLong timeStampKilohertz) {
        this.type = type;
        this.program = program;
        this.acceleration = acceleration;
        this.timeStampKilohertz = timeStampKilohertz;
    }

    /** What the machine keeps while it runs. */
    record Started(
            ChildProcess process,
            UnixSocket monitor,
            UnixSocket console,
            UnixSocket words,
            BoundedLog consoleLog,
            BoundedLog wordsLog) {}

    /** What QEMU is started with, whatever the beginning. */
    @FunctionalInterface
    private interface Preparation {
        /** Opens the rest, of which the child inherits. */
        Beginning prepare(ChildProcessBuilder child, Undo handedOver) throws IOException, InterruptedException;
    }

    /**
     * Starts a machine that boots and has its devices.
     *
     * @param vsock the connection to its vsock device; stays the caller's
     */
    Started boot(VirtualMachineSpec spec, Memfd memory, Descriptor vsock) throws InterruptedException {
        return launch(spec, memory, (child, handedOver) -> {
            Kernel kernel = kernel(spec, child, handedOver);
            return new Beginning.Boot(kernel, devices(spec, vsock, child, handedOver));
        });
    }

    /** What QEMU and the kernel are told of a machine that boots without devices, whichever of its kind it is. */
    List<String> templateLine(VirtualMachineSpec spec) {
        // The rate of the clock is measured anew by each process; known or not is all the difference it makes.
        OptionalLong rate = timeStampKilohertz.isPresent() ? OptionalLong.of(0) : OptionalLong.empty();
        var kernel = new Kernel(0, 0, spec.kernel().capabilities(), kernelArguments(spec), rate);
        return QemuCommandLine.of(
                type,
                new MachineLayout(
                        "template",
                        spec.processors(),
                        spec.memoryBytes() >> 20,
                        0,
                        acceleration.kind(),
                        new Beginning.Template(kernel),
                        0,
                        0));
    }

    /** Starts a machine that boots without devices. */
    Started template(VirtualMachineSpec spec, Memfd memory) throws InterruptedException {
        return launch(spec, memory, (child, handedOver) -> new Beginning.Template(kernel(spec, child, handedOver)));
    }

    /**
     * Starts a machine that goes on where another stood still.
     *
     * @param memory a copy of the other's
     * @param entry where it goes on
     * @param saved when the other stood still
     * @param vsock as for {@link #boot}
     */
    Started resume(VirtualMachineSpec spec, Memfd memory, long entry, Instant saved, Descriptor vsock)
            throws InterruptedException {
        byte[] entrance = type.entrance(entry);
        return launch(spec, memory, (child, handedOver) -> {
            Memfd file = handedOver.add(
                    GuestMemoryFile.of("caisson-entrance", entrance.length, target -> target.write(entrance)));
            return new Beginning.Resume(
                    child.inherit(file.descriptor()), saved, devices(spec, vsock, child, handedOver));
        });
    }

    private Started launch(VirtualMachineSpec spec, Memfd memory, Preparation preparation) throws InterruptedException {
        try (var handedOver = new Undo();
                var kept = new Undo()) {
            ChildProcessBuilder child =
                    ChildProcess.builder(program.path()).newSession().diesWithOwner();
            BoundedLog consoleLog = kept.add(log(spec, "console.log"));
            BoundedLog wordsLog = kept.add(log(spec, "qemu.log"));
            Beginning beginning = preparation.prepare(child, handedOver);
            Ends monitor = socket(spec, "monitor", handedOver, kept);
            Ends console = socket(spec, "console", handedOver, kept);
            Ends words = socket(spec, "words", handedOver, kept);
            child.error(ChildStream.of(words.theirs()));
            var layout = new MachineLayout(
                    spec.id(),
                    spec.processors(),
                    spec.memoryBytes() >> 20,
                    child.inherit(memory.descriptor()),
                    acceleration.kind(),
                    beginning,
                    child.inherit(monitor.theirs()),
                    child.inherit(console.theirs()));
            child.arguments(QemuCommandLine.of(type, layout));
            var started =
                    new Started(start(spec, child), monitor.ours(), console.ours(), words.ours(), consoleLog, wordsLog);
            kept.forget();
            return started;
        } catch (IOException e) {
            throw new CaissonException(
                    ErrorKind.UNAVAILABLE, "cannot start the virtual machine " + spec.id() + ": " + e.getMessage(), e);
        }
    }

    /**
     * Memory for a machine: all zeros, shared with QEMU and through it with whoever serves the machine's devices, none
     * of whom can make it smaller under the others.
     */
    static Memfd memory(VirtualMachineSpec spec) {
        try {
            return Memfd.create("caisson-" + spec.id(), spec.memoryBytes(), Seal.SHRINK, Seal.GROW, Seal.SEAL);
        } catch (SystemCallException e) {
            throw failure(spec, ErrorKind.UNAVAILABLE, "there is no memory for it: " + e.symbol(), e);
        }
    }

    private Kernel kernel(VirtualMachineSpec spec, ChildProcessBuilder child, Undo handedOver) {
        return new Kernel(
                child.inherit(handedOver.add(openKernel(spec))),
                child.inherit(handedOver.add(ramdisk(spec)).descriptor()),
                spec.kernel().capabilities(),
                kernelArguments(spec),
                timeStampKilohertz);
    }

    private Devices devices(VirtualMachineSpec spec, Descriptor vsock, ChildProcessBuilder child, Undo handedOver) {
        return new Devices(child.inherit(vsock), disks(spec, child, handedOver));
    }

    private static List<String> kernelArguments(VirtualMachineSpec spec) {
        var arguments = new ArrayList<>(spec.kernel().arguments());
        arguments.addAll(spec.kernelArguments());
        return arguments;
    }

    private static BoundedLog log(VirtualMachineSpec spec, String name) {
        Path file = spec.directory().resolve(name);
        try {
            return BoundedLog.open(file, LOG_LIMIT);
        } catch (IOException e) {
            throw failure(spec, ErrorKind.UNAVAILABLE, "its log " + file + " cannot be written: " + e, e);
        }
    }

    private static Descriptor openKernel(VirtualMachineSpec spec) {
        Path image = spec.kernel().image();
        try {
            return HostFile.open(image, HostFile.Access.READ);
        } catch (SystemCallException e) {
            throw cannotOpen(spec, "its kernel", image, e);
        }
    }

    private static Memfd ramdisk(VirtualMachineSpec spec) {
        InitialRamdisk ramdisk = spec.initialRamdisk();
        try {
            return GuestMemoryFile.of("caisson-initramfs", ramdisk.size(), ramdisk::writeTo);
        } catch (IOException e) {
            throw failure(
                    spec, ErrorKind.UNAVAILABLE, "its initial RAM disk cannot be put in memory: " + e.getMessage(), e);
        }
    }

    private List<MachineLayout.Disk> disks(VirtualMachineSpec spec, ChildProcessBuilder child, Undo handedOver) {
        if (spec.disks().size() > type.mostDisks()) {
            throw failure(
                    spec,
                    ErrorKind.UNSUPPORTED,
                    "it has " + spec.disks().size() + " disks, and QEMU's " + type.machine() + " machine takes "
                            + type.mostDisks(),
                    null);
        }
        var disks = new ArrayList<MachineLayout.Disk>();
        for (BlockDisk disk : spec.disks()) {
            try {
                Descriptor image = handedOver.add(HostFile.open(
                        disk.image(), disk.readOnly() ? HostFile.Access.READ : HostFile.Access.READ_WRITE));
                disks.add(new MachineLayout.Disk(child.inherit(image), disk.readOnly()));
            } catch (SystemCallException e) {
                throw cannotOpen(spec, "its disk", disk.image(), e);
            }
        }
        return disks;
    }

    /** Connects to the machine's vsock device; the caller owns the connection. */
    static Descriptor connectVsock(VirtualMachineSpec spec) throws InterruptedException {
        if (!(spec.vsock() instanceof VsockAttachment.VhostUser device)) {
            throw failure(
                    spec,
                    ErrorKind.UNSUPPORTED,
                    "QEMU is given a vsock device of the form " + VsockAttachment.VhostUser.FORM + ", not "
                            + spec.vsock().form(),
                    null);
        }
        try (UnixSocket connection = UnixSocket.connect(device.socket())) {
            return connection.release();
        } catch (IOException e) {
            throw failure(
                    spec,
                    ErrorKind.UNAVAILABLE,
                    "nobody serves its vsock device at " + device.socket() + ": " + e.getMessage(),
                    e);
        }
    }

    /** Two ends of a connection with QEMU. */
    private record Ends(UnixSocket ours, Descriptor theirs) {}

    private static Ends socket(VirtualMachineSpec spec, String purpose, Undo handedOver, Undo kept) throws IOException {
        UnixSocket.Pair pair = UnixSocket.pair(purpose + " of " + spec.id());
        UnixSocket ours = kept.add(pair.first());
        handedOver.add(pair.second());
        return new Ends(ours, handedOver.add(pair.second().release()));
    }

    private ChildProcess start(VirtualMachineSpec spec, ChildProcessBuilder child) {
        try {
            return child.start();
        } catch (IOException e) {
            throw failure(spec, ErrorKind.UNAVAILABLE, program.path() + " cannot be started: " + e.getMessage(), e);
        }
    }

    private static CaissonException cannotOpen(VirtualMachineSpec spec, String what, Path file, SystemCallException e) {
        ErrorKind kind =
                switch (e.symbol()) {
                    case "ENOENT" -> ErrorKind.NOT_FOUND;
                    case "EACCES", "EPERM" -> ErrorKind.PERMISSION_DENIED;
                    default -> ErrorKind.UNAVAILABLE;
                };
        return failure(spec, kind, what + " " + file + " cannot be opened: " + e.symbol(), e);
    }

    private static CaissonException failure(
            VirtualMachineSpec spec, ErrorKind kind, String reason, @Nullable Exception e) {
        return new CaissonException(kind, "cannot start the virtual machine " + spec.id() + ": " + reason, e);
    }
}
