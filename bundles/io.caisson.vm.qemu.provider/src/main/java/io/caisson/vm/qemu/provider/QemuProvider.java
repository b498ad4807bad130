package io.caisson.vm.qemu.provider;

import io.caisson.host.linux.ffm.Descriptor;
import io.caisson.host.linux.ffm.HostInfo;
import io.caisson.host.linux.ffm.Memfd;
import io.caisson.host.linux.ffm.TimeStampCounter;
import io.caisson.service.api.Availability;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.FrameworkProperties;
import io.caisson.service.api.HostCheck;
import io.caisson.service.api.Provider;
import io.caisson.vm.api.Standstill;
import io.caisson.vm.api.VirtualMachine;
import io.caisson.vm.api.VirtualMachineProvider;
import io.caisson.vm.api.VirtualMachineSpec;
import io.caisson.vsock.api.VsockAttachment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;

/** Virtual machines by QEMU. */
@Component(
        service = {VirtualMachineProvider.class, HostCheck.class},
        property = {
            Provider.NAME + "=qemu",
            VirtualMachineProvider.ARCHITECTURES + "=amd64",
            VirtualMachineProvider.VSOCK_ATTACHMENTS + "=" + VsockAttachment.VhostUser.FORM
        })
public final class QemuProvider implements VirtualMachineProvider, HostCheck {
    /** Framework property, also the environment variable {@code CAISSON_QEMU}: the QEMU to use instead of searching. */
    public static final String PROGRAM = "caisson.vm.qemu.program";

    /**
     * Framework property, also the environment variable {@code CAISSON_QEMU_TEMPLATES}: {@code false} has every machine
     * boot by itself, instead of going on where one like it stands still.
     */
    public static final String TEMPLATES = "caisson.vm.qemu.templates";

    /** What is kept between commands, in the home directory. */
    private static final String FINDINGS = "cache/vm.qemu/findings.properties";

    /** The memory of a machine, in bytes, from which on to copy what it has touched when it has booted takes as long. */
    private static final long LARGEST_TEMPLATE = 8L << 30;

    private static final String TEMPLATE_DIRECTORY = "cache/vm.qemu/templates";

    private final MachineType type = new Microvm();
    private final QemuHost host;
    private final Optional<TimeStampCounter> timeStampCounter;
    private final Optional<MachineTemplates> templates;
    private final Logger logger;

    /** For the component runtime. */
    @Activate
    public QemuProvider(BundleContext context, @Reference(service = LoggerFactory.class) Logger logger) {
        this(context.getProperty(FrameworkProperties.HOME), program(context), useTemplates(context), logger);
    }

    QemuProvider(@Nullable String home, @Nullable String program, boolean useTemplates, Logger logger) {
        Path findings = home == null ? null : Path.of(home, FINDINGS);
        host = new QemuHost(type, findings, program, logger);
        templates = home == null || !useTemplates ? Optional.empty() : templates(Path.of(home, TEMPLATE_DIRECTORY));
        // Begun here, so that by the time of the first start enough of it has passed.
        timeStampCounter = HostInfo.nativeAccess().available() ? TimeStampCounter.observe() : Optional.empty();
        this.logger = logger;
    }

    private static Optional<MachineTemplates> templates(Path directory) {
        try {
            return Optional.of(new MachineTemplates(directory, HostInfo.bootId()));
        } catch (IOException e) {
            // A host that does not tell its boots apart: what is kept of one might be taken for another's.
            return Optional.empty();
        }
    }

    private static boolean useTemplates(BundleContext context) {
        String property = context.getProperty(TEMPLATES);
        return !"false".equals(property != null ? property : System.getenv("CAISSON_QEMU_TEMPLATES"));
    }

    private static @Nullable String program(BundleContext context) {
        String property = context.getProperty(PROGRAM);
        return property != null ? property : System.getenv("CAISSON_QEMU");
    }

    @Override
    public Availability availability() {
        Availability nativeAccess = HostInfo.nativeAccess();
        if (!nativeAccess.available()) {
            return nativeAccess;
        }
        Optional<QemuProgram> program = host.program();
        if (program.isEmpty()) {
            return Availability.no(host.absence(), QemuHost.INSTALL);
        }
        Optional<QemuVersion> version = host.knownVersion(program.get());
        if (version.isPresent() && version.get().isOlderThan(QemuVersion.OLDEST)) {
            return Availability.no(
                    program.get().path() + " is QEMU " + version.get(),
                    "install QEMU " + QemuVersion.OLDEST + " or newer");
        }
        return Availability.yes();
    }

    @Override
    public VirtualMachine start(VirtualMachineSpec spec) throws InterruptedException {
        if (!spec.kernel().architecture().equals(type.architecture())) {
            throw new CaissonException(
                    ErrorKind.UNSUPPORTED,
                    "cannot start the virtual machine " + spec.id() + ": its kernel is for "
                            + spec.kernel().architecture() + ", and QEMU is set up for " + type.architecture());
        }
        QemuProgram program = host.program()
                .orElseThrow(() -> new CaissonException(
                        ErrorKind.UNAVAILABLE,
                        "cannot start the virtual machine " + spec.id() + ": " + host.absence() + "; "
                                + QemuHost.INSTALL));
        QemuVersion version = host.version(program);
        Acceleration acceleration = host.acceleration(program);
        var launcher = new MachineLauncher(type, program, acceleration, timeStampKilohertz(acceleration));
        try (Descriptor vsock = MachineLauncher.connectVsock(spec)) {
            if (templates.isPresent() && spec.standstill().isPresent() && isSlowToBoot(acceleration, spec)) {
                var starter = new TemplateStarter(templates.get(), program, version, launcher, logger);
                Standstill standstill = spec.standstill().get();
                Optional<QemuMachine> machine = starter.start(spec, standstill, vsock);
                if (machine.isPresent()) {
                    return machine.get();
                }
            }
            try (Memfd memory = MachineLauncher.memory(spec)) {
                return QemuMachine.of(spec.id(), spec.disks().size(), launcher.boot(spec, memory, vsock));
            }
        }
    }

    /**
     * Only where guest code is translated it takes longer to boot than to copy some memory; that is 16 MiB, and as many for
     * every GiB that a machine has.
     */
    private static boolean isSlowToBoot(Acceleration acceleration, VirtualMachineSpec spec) {
        return acceleration.kind() == Acceleration.Kind.TCG && spec.memoryBytes() <= LARGEST_TEMPLATE;
    }

    /** For translated guests, whose counter is the host's. */
    private OptionalLong timeStampKilohertz(Acceleration acceleration) throws InterruptedException {
        if (acceleration.kind() != Acceleration.Kind.TCG || timeStampCounter.isEmpty()) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(timeStampCounter.get().kilohertz());
        } catch (IOException e) {
            logger.warn("the guest will measure its clock itself, which takes longer", e);
            return OptionalLong.empty();
        }
    }

    @Override
    public List<Result> check() throws InterruptedException {
        return new QemuChecks(host, timeStampCounter.isPresent()).run();
    }
}
