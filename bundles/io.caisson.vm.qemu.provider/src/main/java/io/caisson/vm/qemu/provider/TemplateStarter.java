package io.caisson.vm.qemu.provider;

import io.caisson.host.linux.ffm.Descriptor;
import io.caisson.host.linux.ffm.Memfd;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.vm.api.Standstill;
import io.caisson.vm.api.VirtualMachineSpec;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.osgi.service.log.Logger;

/**
 * Starts machines where one that was booted before stands still, so that of all that are alike only the first one boots.
 * QEMU's own way of keeping a machine, migration, is none for these: it refuses a vhost-user vsock device. What is kept
 * here is memory alone; all else is the guest's business ({@link Standstill}).
 */
final class TemplateStarter {
    /** For QEMU to answer. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final MachineTemplates templates;
    private final QemuProgram program;
    private final QemuVersion version;
    private final MachineLauncher launcher;
    private final Logger logger;

    TemplateStarter(
            MachineTemplates templates,
            QemuProgram program,
            QemuVersion version,
            MachineLauncher launcher,
            Logger logger) {
        this.templates = templates;
        this.program = program;
        this.version = version;
        this.launcher = launcher;
        this.logger = logger;
    }

    /**
     * Starts a machine with a copy of a template's memory; the template is made when it is not there.
     *
     * @param vsock the connection to its vsock device; stays the caller's
     * @return empty when there is no template to be had: then the machine is to boot
     * @throws CaissonException UNAVAILABLE when QEMU does not start with it; the template is removed, so that the next
     *     machine does not fail as this one
     */
    Optional<QemuMachine> start(VirtualMachineSpec spec, Standstill standstill, Descriptor vsock)
            throws InterruptedException {
        try {
            Optional<Path> template = template(spec, standstill);
            if (template.isEmpty()) {
                return Optional.empty();
            }
            Optional<MemoryImage> found = open(template.get());
            if (found.isEmpty()) {
                return Optional.empty();
            }
            try (MemoryImage image = found.get()) {
                return Optional.of(goOn(spec, standstill, image, vsock));
            }
        } catch (ClosedByInterruptException e) {
            Thread.interrupted();
            throw (InterruptedException) new InterruptedException("the start was given up").initCause(e);
        } catch (IOException e) {
            logger.warn("{} boots: {}", spec.id(), e.getMessage(), e);
            return Optional.empty();
        }
    }

    /** Empty when it has just been removed by somebody else, or is damaged and was removed here. */
    private Optional<MemoryImage> open(Path template) throws IOException {
        try {
            return Optional.of(MemoryImage.open(template));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (MemoryImage.DamagedException e) {
            logger.warn("{}; it is removed", e.getMessage());
            MachineTemplates.discard(template);
            return Optional.empty();
        }
    }

    private QemuMachine goOn(VirtualMachineSpec spec, Standstill standstill, MemoryImage image, Descriptor vsock)
            throws IOException, InterruptedException {
        try (Memfd memory = MachineLauncher.memory(spec)) {
            var doubt = new QemuMachine.Doubt(
                    () -> doubted(image.file()), spec.bootTimeout().dividedBy(2));
            QemuMachine machine = QemuMachine.of(
                    spec.id(),
                    spec.disks().size(),
                    launcher.resume(spec, memory, standstill.entry(), image.saved(), vsock),
                    doubt);
            try {
                // While QEMU starts; its processor waits for the command.
                image.load(memory);
                machine.monitor().execute("cont").get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
                return machine;
            } catch (InterruptedException | ClosedByInterruptException e) {
                machine.close();
                throw e;
            } catch (ExecutionException | TimeoutException | IOException | RuntimeException e) {
                machine.close();
                doubted(image.file());
                String how = machine.exit().map(exit -> exit.detail()).orElse("");
                throw new CaissonException(
                        ErrorKind.UNAVAILABLE,
                        "cannot start the virtual machine " + spec.id() + " where another one stood still: " + how
                                + "; the next will boot",
                        e);
            }
        }
    }

    private void doubted(Path template) {
        try {
            MachineTemplates.discard(template);
            logger.warn("{} is removed: a machine that went on from it did not come up", template);
        } catch (IOException e) {
            logger.warn("{} may be damaged and cannot be removed", template, e);
        }
    }

    private Optional<Path> template(VirtualMachineSpec spec, Standstill standstill)
            throws IOException, InterruptedException {
        return templates.get(key(spec), (memory, workshop) -> make(without(spec, workshop), standstill, memory));
    }

    /** Names all that a machine's memory depends on: machines of equal keys are equal, but for their devices. */
    private String key(VirtualMachineSpec spec) throws IOException {
        Path kernel = spec.kernel().image();
        String all = String.join(
                "\n",
                program.toString(),
                version.text(),
                kernel.toString(),
                Long.toString(Files.size(kernel)),
                Files.getLastModifiedTime(kernel).toString(),
                spec.initialRamdisk().identity(),
                String.join("\n", launcher.templateLine(spec)));
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(all.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** The same machine, which will have no devices whatever it says. */
    private static VirtualMachineSpec without(VirtualMachineSpec spec, Path directory) {
        var template = VirtualMachineSpec.builder("template")
                .kernel(spec.kernel())
                .initialRamdisk(spec.initialRamdisk())
                .vsock(spec.vsock())
                .directory(directory)
                .processors(spec.processors())
                .memoryBytes(spec.memoryBytes())
                .bootTimeout(spec.bootTimeout());
        spec.kernelArguments().forEach(template::kernelArgument);
        return template.build();
    }

    private void make(VirtualMachineSpec spec, Standstill standstill, Path file)
            throws IOException, InterruptedException {
        try (Memfd memory = MachineLauncher.memory(spec)) {
            try (QemuMachine machine = QemuMachine.of(spec.id(), 0, launcher.template(spec, memory))) {
                awaitStandstill(machine, standstill, spec.bootTimeout());
            }
            MemoryImage.save(memory, file);
        } catch (CaissonException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static void awaitStandstill(QemuMachine machine, Standstill standstill, Duration patience)
            throws IOException, InterruptedException {
        CompletableFuture<Void> line = machine.console().line(standstill.mark());
        try {
            CompletableFuture.anyOf(line, machine.ended()).get(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException("neither fails", e);
        } catch (TimeoutException e) {
            throw new IOException(
                    "a guest booted without devices does not say '" + standstill.mark() + "' within "
                            + patience.toMillis() + " ms",
                    e);
        }
        if (!line.isDone()) {
            String how = machine.exit().map(exit -> exit.detail()).orElse("");
            throw new MachineTemplates.UnfitException("a guest booted without devices ended: " + how);
        }
    }
}
