package io.caisson.vm.qemu.provider;

import io.caisson.host.linux.ffm.Descriptor;
import io.caisson.host.linux.ffm.HostInfo;
import io.caisson.host.linux.ffm.Memfd;
import io.caisson.service.api.CaissonException;
import io.caisson.vm.api.Standstill;
import io.caisson.vm.api.VirtualMachineSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
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
    private final MachineType type;
    private final QemuProgram program;
    private final MachineLauncher launcher;
    private final Logger logger;

    TemplateStarter(
            MachineTemplates templates,
            MachineType type,
            QemuProgram program,
            MachineLauncher launcher,
            Logger logger) {
        this.templates = templates;
        this.type = type;
        this.program = program;
        this.launcher = launcher;
        this.logger = logger;
    }

    /**
     * Starts a machine with a copy of a template's memory; the template is made when it is not there.
     *
     * @param vsock the connection to its vsock device; stays the caller's, and is as before when the machine does not start
     * @return empty when there can be no template, or it is of no use: then the machine is to boot
     */
    Optional<QemuMachine> start(VirtualMachineSpec spec, Standstill standstill, Descriptor vsock)
            throws InterruptedException {
        Optional<Path> template = template(spec, standstill);
        if (template.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(goOn(spec, standstill, template.get(), vsock));
        } catch (IOException e) {
            logger.warn("{} boots, for {} is of no use and is removed", spec.id(), template.get(), e);
        }
        try {
            MachineTemplates.discard(template.get());
        } catch (IOException e) {
            logger.warn("{} cannot be removed", template.get(), e);
        }
        return Optional.empty();
    }

    private QemuMachine goOn(VirtualMachineSpec spec, Standstill standstill, Path template, Descriptor vsock)
            throws IOException, InterruptedException {
        try (MemoryImage image = MemoryImage.open(template);
                Memfd memory = MachineLauncher.memory(spec)) {
            QemuMachine machine = QemuMachine.of(
                    spec.id(),
                    spec.disks().size(),
                    launcher.resume(spec, memory, standstill.entry(), image.saved(), vsock));
            try {
                // While QEMU starts; its processor waits for the command.
                image.load(memory);
                machine.monitor().execute("cont").get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
                return machine;
            } catch (ExecutionException | TimeoutException e) {
                machine.close();
                String how = machine.exit().map(exit -> exit.detail()).orElse("");
                throw new IOException("QEMU does not start with it: " + how, e);
            } catch (IOException | InterruptedException | RuntimeException | Error e) {
                machine.close();
                throw e;
            }
        }
    }

    private Optional<Path> template(VirtualMachineSpec spec, Standstill standstill) throws InterruptedException {
        try {
            String key = MachineTemplates.key(type, program, HostInfo.bootId(), spec);
            return templates.get(key, (memory, workshop) -> make(without(spec, workshop), standstill, memory));
        } catch (IOException e) {
            logger.warn("machines like {} boot one by one: {}", spec.id(), e.getMessage(), e);
            return Optional.empty();
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
            throw new IOException("a guest booted without devices ended: " + how);
        }
    }
}
