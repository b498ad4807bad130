package io.caisson.container.provider;

import io.caisson.container.api.ContainerSpec;
import io.caisson.guest.api.GuestAgent;
import io.caisson.guest.api.GuestContainerSpec;
import io.caisson.guest.api.GuestDisk;
import io.caisson.guest.api.GuestProcess;
import io.caisson.guest.api.GuestRootfs;
import io.caisson.guest.api.GuestSecret;
import io.caisson.guest.api.GuestSession;
import io.caisson.image.api.Image;
import io.caisson.image.api.ImageConfig;
import io.caisson.kernel.api.Kernel;
import io.caisson.rootfs.api.RootfsImage;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.ProgressListener;
import io.caisson.vm.api.BlockDisk;
import io.caisson.vm.api.InitialRamdisk;
import io.caisson.vm.api.Standstill;
import io.caisson.vm.api.VirtualMachine;
import io.caisson.vm.api.VirtualMachineSpec;
import io.caisson.vsock.api.VsockEndpoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * One start: from a specification to a container whose first process is created. Steps that do not need each other go on
 * side by side, the machine is started as soon as its disks are there, and the guest's client gets ready while the
 * machine boots. Each step's result is put into an {@link Undo}, so that a failure anywhere releases all of them, last
 * first.
 */
final class Launch {
    /** The first process's id among those of its container. */
    private static final String INIT = "init";

    private static final int LOWER_SLOT = 0;
    private static final int SCRATCH_SLOT = 1;
    /** At most, until a machine's guest begins to boot: another may have to before, for this one to go on from. */
    private static final Duration PREPARATION = Duration.ofMinutes(2);

    /** How often a start that waits for its guest looks whether the machine still runs. */
    private static final Duration LOOK = Duration.ofMillis(100);

    private final ContainerSpec spec;
    private final ProgressListener progress;
    private final Ingredients ingredients;
    private final ContainerFolder folder;
    private final ContainerRecord state;
    private final FirstSecret.First firstSecret;
    private final Undo undo;
    private final Trace trace;

    Launch(
            ContainerSpec spec,
            ProgressListener progress,
            Ingredients ingredients,
            ContainerFolder folder,
            ContainerRecord state,
            FirstSecret.First firstSecret,
            Undo undo,
            Trace trace) {
        this.spec = spec;
        this.progress = progress;
        this.ingredients = ingredients;
        this.folder = folder;
        this.state = state;
        this.firstSecret = firstSecret;
        this.undo = undo;
        this.trace = trace;
    }

    /** The image and the block image made of it. */
    private record Root(Image image, RootfsImage disk) {}

    /** Everything below the container. */
    private record Machine(VirtualMachine machine, VsockEndpoint endpoint, GuestSecret secret, GuestSession session) {}

    private String id() {
        return state.info().id();
    }

    /**
     * Runs the start. What it made is in the undo list until the caller keeps it.
     *
     * @param whenClosed is told when the container is gone
     * @param failures hears of what goes wrong in a way nobody else is told of
     */
    OwnedContainer run(Consumer<OwnedContainer> whenClosed, Consumer<Exception> failures) throws InterruptedException {
        try (var tasks = new Tasks(id(), failures)) {
            GuestSecret secret = GuestSecret.random();
            Tasks.Task<Root> root = tasks.start(this::root);
            Tasks.Task<Optional<GuestDiskFile>> scratch = tasks.start(this::scratch);
            Tasks.Task<Kernel> kernel = tasks.start(this::kernel);
            Tasks.Task<InitialRamdisk> ramdisk = tasks.start(this::ramdisk);
            VsockEndpoint endpoint = undo.add(ingredients.vsock().provider().prepare(id(), folder.path()));
            trace.reached("vsock");

            Root image = root.get();
            List<String> command = command(image.image());
            var machineSpec = VirtualMachineSpec.builder(id())
                    .kernel(kernel.get())
                    .initialRamdisk(ramdisk.get())
                    .vsock(endpoint.attachment())
                    .directory(folder.path())
                    .processors(spec.processors())
                    .memoryBytes(spec.memoryBytes())
                    .bootTimeout(spec.bootTimeout())
                    .disk(new BlockDisk(image.disk().file(), true));
            Optional<GuestDiskFile> scratchDisk = scratch.get();
            standstill().ifPresent(machineSpec::standstill);
            scratchDisk.ifPresent(disk -> machineSpec.disk(new BlockDisk(folder.scratch(), false)));
            trace.reached("prepared");

            Machine machine = boot(tasks, machineSpec.build(), endpoint, secret);
            return container(machine, image, command, scratchDisk, whenClosed, failures);
        }
    }

    private Root root() throws InterruptedException {
        Image image = ingredients.images().image(spec.image(), spec.platform(), progress);
        trace.reached("image");
        var layers = new ArrayList<io.caisson.rootfs.api.Layer>();
        for (var layer : image.layers()) {
            layers.add(new StoredLayer(layer, ingredients.content()));
        }
        RootfsImage disk = ingredients
                .rootfs()
                .provider()
                .build(
                        image.manifest().digest().toString(),
                        layers,
                        building(image.reference().familiar()));
        trace.reached("rootfs");
        return new Root(image, disk);
    }

    /** The builder knows the image by its digest only; people know it by its name. */
    private ProgressListener building(String image) {
        return event -> progress.progressed(new ProgressListener.Progress(
                "building the root file system of " + image, event.done(), event.total()));
    }

    /** A disk of the guest's that is a file here. */
    private record GuestDiskFile(String fileSystem) {}

    private Optional<GuestDiskFile> scratch() throws InterruptedException {
        if (spec.readOnly()) {
            return Optional.empty();
        }
        ingredients.scratch().provider().createScratch(folder.scratch(), spec.scratchBytes());
        trace.reached("scratch");
        return Optional.of(new GuestDiskFile(ingredients.scratch().name()));
    }

    private Kernel kernel() throws InterruptedException {
        Kernel kernel = ingredients.kernel().provider().kernel();
        trace.reached("kernel");
        return kernel;
    }

    private InitialRamdisk ramdisk() {
        InitialRamdisk ramdisk =
                ingredients.agent().provider().initialRamdisk(spec.platform().architecture(), firstSecret.secret());
        trace.reached("initramfs");
        return ramdisk;
    }

    /** Only guests that begin with the same secret can begin as one of them. */
    private Optional<Standstill> standstill() {
        return firstSecret.isShared()
                ? ingredients.agent().provider().standstill(spec.platform().architecture())
                : Optional.empty();
    }

    /** Starts the machine and waits for its guest. */
    private Machine boot(Tasks tasks, VirtualMachineSpec machineSpec, VsockEndpoint endpoint, GuestSecret secret)
            throws InterruptedException {
        GuestAgent agent = ingredients.agent().provider();
        Duration patience = spec.bootTimeout();
        // Begun before the machine is, to get ready meanwhile; how long the guest may take is seen to below.
        Tasks.Task<GuestSession> connection = tasks.start(() -> {
            GuestSession session =
                    undo.add(agent.adopt(id(), endpoint, firstSecret.secret(), secret, patience.plus(PREPARATION)));
            trace.reached("guest");
            return session;
        });
        VirtualMachine machine = undo.add(ingredients.vm().provider().start(machineSpec));
        trace.reached("monitor");
        long deadline = System.nanoTime() + patience.toNanos();
        try {
            Optional<GuestSession> session = connection.get(LOOK);
            while (session.isEmpty()) {
                var exit = machine.exit();
                if (exit.isPresent()) {
                    throw Sandbox.ended(id(), exit.get(), folder.console(), null);
                }
                if (System.nanoTime() - deadline > 0) {
                    throw new CaissonException(
                            ErrorKind.TIMEOUT,
                            "connecting to the guest of sandbox " + id() + ": it did not answer within "
                                    + patience.toMillis() + " ms");
                }
                session = connection.get(LOOK);
            }
            machine.answered();
            return new Machine(machine, endpoint, secret, session.get());
        } catch (CaissonException e) {
            throw diagnosed(machine, e);
        }
    }

    /** Why the guest did not come up. */
    private CaissonException diagnosed(VirtualMachine machine, CaissonException failure) throws InterruptedException {
        if (failure.kind() == ErrorKind.UNAVAILABLE && failure.getCause() != null) {
            var exit = machine.awaitExit(Duration.ofSeconds(1));
            if (exit.isPresent()) {
                return Sandbox.ended(id(), exit.get(), folder.console(), failure);
            }
        }
        List<String> tail = ConsoleLog.tail(folder.console());
        return failure.context().containsKey("console")
                ? failure
                : new CaissonException(
                                failure.kind(), failure.getMessage() + ConsoleLog.quote(tail), failure.getCause())
                        .with("console", String.join("\n", tail));
    }

    private OwnedContainer container(
            Machine booted,
            Root root,
            List<String> command,
            Optional<GuestDiskFile> scratch,
            Consumer<OwnedContainer> whenClosed,
            Consumer<Exception> failures)
            throws InterruptedException {
        VirtualMachine machine = booted.machine();
        var lower = new GuestDisk(machine.diskSerial(LOWER_SLOT), root.disk().fileSystem());
        Optional<GuestDisk> upper =
                scratch.map(disk -> new GuestDisk(machine.diskSerial(SCRATCH_SLOT), disk.fileSystem()));
        var guestSpec = GuestContainerSpec.builder(id(), new GuestRootfs.Overlay(lower, upper, spec.readOnly()))
                .hostname(spec.hostname().orElse(hostname()));
        booted.session().createContainer(guestSpec.build());
        trace.reached("container");

        ImageConfig config = root.image().config();
        ProcessDefaults defaults = ProcessDefaults.of(config);
        GuestProcess first = booted.session().createProcess(id(), INIT, defaults.process(command, spec.process()));
        trace.reached("process");
        ContainerRecord record = state.created(command);
        folder.write(record);
        return new OwnedContainer(
                sandbox(booted),
                folder,
                record,
                defaults.with(spec.process()),
                StopSignal.of(config),
                first,
                spec.process().terminal().isPresent(),
                whenClosed,
                failures);
    }

    private Sandbox sandbox(Machine booted) {
        return new Sandbox(
                id(),
                folder.console(),
                ingredients.agent().name(),
                booted.secret(),
                booted.endpoint(),
                booted.machine(),
                booted.session());
    }

    /** A host name has at most 64 characters, sethostname(2); a container's name may have more. */
    private String hostname() {
        String name = state.info().name();
        return name.substring(0, Math.min(name.length(), 64));
    }

    private List<String> command(Image image) {
        ImageConfig config = image.config();
        var command = new ArrayList<>(config.entrypoint());
        command.addAll(
                spec.process().args().isEmpty()
                        ? config.command()
                        : spec.process().args());
        if (command.isEmpty()) {
            throw new CaissonException(
                    ErrorKind.INVALID_ARGUMENT,
                    "image " + spec.image().familiar() + " says nothing about what to run: give a command");
        }
        return command;
    }
}
