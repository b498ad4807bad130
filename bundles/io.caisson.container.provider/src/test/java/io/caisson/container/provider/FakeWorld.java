package io.caisson.container.provider;

import io.caisson.container.api.ContainerSpec;
import io.caisson.container.api.ProcessSpec;
import io.caisson.guest.api.GuestAgent;
import io.caisson.guest.api.GuestContainerSpec;
import io.caisson.guest.api.GuestExit;
import io.caisson.guest.api.GuestInfo;
import io.caisson.guest.api.GuestProcess;
import io.caisson.guest.api.GuestProcessSpec;
import io.caisson.guest.api.GuestSecret;
import io.caisson.guest.api.GuestSession;
import io.caisson.image.api.ContentStore;
import io.caisson.image.api.Descriptor;
import io.caisson.image.api.Digest;
import io.caisson.image.api.Image;
import io.caisson.image.api.ImageConfig;
import io.caisson.image.api.ImageRecord;
import io.caisson.image.api.ImageReference;
import io.caisson.image.api.ImageService;
import io.caisson.image.api.ImageStore;
import io.caisson.kernel.api.Kernel;
import io.caisson.kernel.api.KernelProvider;
import io.caisson.rootfs.api.Layer;
import io.caisson.rootfs.api.RootfsBuilder;
import io.caisson.rootfs.api.RootfsImage;
import io.caisson.service.api.Availability;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.Platform;
import io.caisson.service.api.ProgressListener;
import io.caisson.service.api.Provider;
import io.caisson.vm.api.InitialRamdisk;
import io.caisson.vm.api.Standstill;
import io.caisson.vm.api.VirtualMachine;
import io.caisson.vm.api.VirtualMachineExit;
import io.caisson.vm.api.VirtualMachineProvider;
import io.caisson.vm.api.VirtualMachineSpec;
import io.caisson.vsock.api.GuestStream;
import io.caisson.vsock.api.GuestTransport;
import io.caisson.vsock.api.VsockAttachment;
import io.caisson.vsock.api.VsockEndpoint;
import io.caisson.vsock.api.VsockListener;
import io.caisson.vsock.api.VsockTransport;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * All the providers a start needs, none of them real. Each step can be made to fail or to hang, and what was acquired
 * and released is recorded.
 */
final class FakeWorld {
    static final Digest DIGEST = new Digest("sha256", "ab".repeat(32));
    static final ImageReference BOX = ImageReference.parse("box");

    /** The steps of a start, in the order in which each needs the ones before or does not care. */
    enum Step {
        IMAGE,
        ROOTFS,
        SCRATCH,
        KERNEL,
        RAMDISK,
        VSOCK,
        MACHINE,
        CONNECT,
        CONTAINER,
        PROCESS
    }

    /** What was acquired and is not released yet, in order; and everything released, in order. */
    final List<String> open = new CopyOnWriteArrayList<>();

    final List<String> released = new CopyOnWriteArrayList<>();
    final Map<String, FakeProcess> processes = new ConcurrentHashMap<>();
    final List<String> guestCalls = new CopyOnWriteArrayList<>();
    final CountDownLatch hanging = new CountDownLatch(1);
    volatile @Nullable Step failing;
    volatile @Nullable Step hangingAt;
    volatile ImageConfig config = ImageConfig.builder()
            .command(List.of("sh"))
            .env(List.of("A=image"))
            .stopSignal("SIGUSR1")
            .build();
    volatile Optional<VirtualMachineExit> exit = Optional.empty();
    volatile String console = "";
    /** What the agent was last connected with. */
    volatile @Nullable GuestTransport transport;

    volatile @Nullable GuestSecret secret;

    SandboxContainerService service(Path home) throws IOException {
        var service = new SandboxContainerService(home);
        service.setImages(images);
        service.setStore(store);
        service.addRootfs(rootfs, Map.of(Provider.NAME, "ext9", RootfsBuilder.SCRATCH, true));
        service.addKernel(kernel, Map.of(Provider.NAME, "tiny", KernelProvider.ARCHITECTURE, architecture()));
        service.addVsock(vsock, Map.of(Provider.NAME, "pipe", VsockTransport.ATTACHMENT, "vhost-user"));
        service.addMachine(
                machines,
                Map.of(
                        Provider.NAME,
                        "toy",
                        VirtualMachineProvider.ARCHITECTURES,
                        new String[] {architecture(), "z80"},
                        VirtualMachineProvider.VSOCK_ATTACHMENTS,
                        List.of("vhost-user")));
        service.addAgent(agent, Map.of(Provider.NAME, "talk", GuestAgent.ARCHITECTURES, architecture()));
        return service;
    }

    static String architecture() {
        return Platform.host().architecture();
    }

    static ContainerSpec spec(String... args) {
        return builder(args).build();
    }

    static ContainerSpec.Builder builder(String... args) {
        return ContainerSpec.builder(BOX)
                .process(ProcessSpec.builder().args(List.of(args)).env("B=run").build())
                .bootTimeout(Duration.ofSeconds(20));
    }

    static CaissonException failure(Step step) {
        return new CaissonException(ErrorKind.CORRUPT, "made to fail at " + step);
    }

    private void step(Step step) throws InterruptedException {
        if (step == hangingAt) {
            hanging.countDown();
            new CountDownLatch(1).await();
        }
        if (step == failing) {
            throw failure(step);
        }
    }

    /** For steps whose signature knows no interruption. */
    private void stepUninterruptibly(Step step) {
        if (step == failing) {
            throw failure(step);
        }
    }

    private void acquired(String what) {
        open.add(what);
    }

    private void released(String what) {
        if (open.remove(what)) {
            released.add(what);
        }
    }

    final ImageService images = new ImageService() {
        @Override
        public Image image(ImageReference reference, Platform platform, ProgressListener progress)
                throws InterruptedException {
            step(Step.IMAGE);
            var layer = new Descriptor("application/vnd.oci.image.layer.v1.tar", DIGEST, 3);
            return new Image(
                    reference,
                    new Descriptor("application/vnd.oci.image.manifest.v1+json", DIGEST, 2),
                    platform,
                    config,
                    List.of(layer));
        }

        @Override
        public List<ImageReference> load(Path source, ProgressListener progress) {
            throw new UnsupportedOperationException();
        }
    };

    final ImageStore store = new ImageStore() {
        @Override
        public Availability availability() {
            return Availability.yes();
        }

        @Override
        public Image image(ImageReference reference, Platform platform) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<ImageRecord> list() {
            return List.of();
        }

        @Override
        public Optional<Descriptor> resolve(ImageReference reference) {
            return Optional.empty();
        }

        @Override
        public void tag(ImageReference reference, Descriptor target) {}

        @Override
        public void remove(ImageReference reference) {}

        @Override
        public ContentStore content() {
            return new ContentStore() {
                @Override
                public boolean contains(Digest digest) {
                    return true;
                }

                @Override
                public long size(Digest digest) {
                    return 3;
                }

                @Override
                public InputStream open(Digest digest) {
                    return new ByteArrayInputStream("abc".getBytes(StandardCharsets.US_ASCII));
                }

                @Override
                public void ingest(Descriptor expected, InputStream source) {}
            };
        }
    };

    final RootfsBuilder rootfs = new RootfsBuilder() {
        @Override
        public Availability availability() {
            return Availability.yes();
        }

        @Override
        public RootfsImage build(String key, List<Layer> layers, ProgressListener progress)
                throws InterruptedException {
            step(Step.ROOTFS);
            progress.progressed(new ProgressListener.Progress("making " + key, 1, 2));
            return new RootfsImage(Path.of("/images/" + layers.getFirst().name()), "ext9");
        }

        @Override
        public void createScratch(Path file, long bytes) throws InterruptedException {
            step(Step.SCRATCH);
            try {
                Files.createFile(file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    };

    final KernelProvider kernel = new KernelProvider() {
        @Override
        public Availability availability() {
            return Availability.yes();
        }

        @Override
        public Kernel kernel() throws InterruptedException {
            step(Step.KERNEL);
            return new Kernel("tiny", architecture(), "6.0", Path.of("/vmlinux"), List.of(), Set.of());
        }
    };

    final VsockTransport vsock = new VsockTransport() {
        @Override
        public Availability availability() {
            return Availability.yes();
        }

        @Override
        public VsockEndpoint prepare(String name, Path directory) {
            stepUninterruptibly(Step.VSOCK);
            acquired("endpoint");
            return new FakeEndpoint(directory);
        }
    };

    private final class FakeEndpoint implements VsockEndpoint {
        private final Path directory;

        FakeEndpoint(Path directory) {
            this.directory = directory;
        }

        @Override
        public VsockAttachment attachment() {
            return new VsockAttachment.VhostUser(directory.resolve("v.sock"));
        }

        @Override
        public VsockListener listen(int port) {
            throw new UnsupportedOperationException();
        }

        /** Port 7 echoes, port 8 breaks after a byte. */
        @Override
        public GuestStream open(int port, Duration timeout) throws IOException {
            return switch (port) {
                case 7 -> Echo.start();
                case 8 -> Echo.breaking();
                default -> throw new IOException("nobody listens on port " + port);
            };
        }

        @Override
        public void close() {
            released("endpoint");
        }
    }

    final VirtualMachineProvider machines = new VirtualMachineProvider() {
        @Override
        public Availability availability() {
            return Availability.yes();
        }

        @Override
        public VirtualMachine start(VirtualMachineSpec spec) throws InterruptedException {
            step(Step.MACHINE);
            try {
                Files.writeString(spec.directory().resolve("console.log"), console);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            acquired("machine");
            return new FakeMachine();
        }
    };

    private final class FakeMachine implements VirtualMachine {
        @Override
        public String id() {
            return "machine";
        }

        @Override
        public long processId() {
            return 1;
        }

        @Override
        public String diskSerial(int slot) {
            return "slot" + slot;
        }

        @Override
        public Optional<VirtualMachineExit> exit() {
            return exit;
        }

        @Override
        public Optional<VirtualMachineExit> awaitExit(Duration timeout) {
            return exit;
        }

        @Override
        public <T> Optional<T> as(Class<T> capability) {
            return Optional.empty();
        }

        @Override
        public void close() {
            released("machine");
        }
    }

    final GuestAgent agent = new GuestAgent() {
        @Override
        public Availability availability() {
            return Availability.yes();
        }

        @Override
        public InitialRamdisk initialRamdisk(String architecture, GuestSecret secret) {
            stepUninterruptibly(Step.RAMDISK);
            return new InitialRamdisk() {
                @Override
                public String identity() {
                    return "fake";
                }

                @Override
                public long size() {
                    return 0;
                }

                @Override
                public void writeTo(OutputStream target) {}
            };
        }

        @Override
        public Optional<Standstill> standstill(String architecture) {
            return Optional.of(new Standstill("waiting", 4096));
        }

        @Override
        public GuestSession adopt(
                String name, GuestTransport transport, GuestSecret first, GuestSecret own, Duration timeout)
                throws InterruptedException {
            return connect(name, transport, own, timeout);
        }

        @Override
        public GuestSession connect(String name, GuestTransport transport, GuestSecret secret, Duration timeout)
                throws InterruptedException {
            step(Step.CONNECT);
            FakeWorld.this.transport = transport;
            FakeWorld.this.secret = secret;
            String session = "session";
            acquired(session);
            return new FakeSession(session);
        }
    };

    private final class FakeSession implements GuestSession {
        private final String name;

        FakeSession(String name) {
            this.name = name;
        }

        @Override
        public GuestInfo info() {
            return new GuestInfo(1, Set.of(), "1", "6.0", "m");
        }

        @Override
        public void createContainer(GuestContainerSpec spec) throws InterruptedException {
            step(Step.CONTAINER);
            guestCalls.add("container " + spec.hostname() + " " + spec.rootfs());
        }

        @Override
        public void deleteContainer(String containerId) {}

        @Override
        public GuestProcess createProcess(String containerId, String processId, GuestProcessSpec spec)
                throws InterruptedException {
            step(Step.PROCESS);
            guestCalls.add("process " + spec.args() + " " + spec.env() + " " + spec.cwd());
            return processes.computeIfAbsent(processId, id -> new FakeProcess(id, spec));
        }

        @Override
        public GuestProcess process(String containerId, String processId) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void powerOff(Duration timeout) {}

        @Override
        public void close() {
            processes.values().forEach(process -> process.lose("the session is closed"));
            released(name);
        }
    }

    /** A process that ends when a test says so, and dies of SIGKILL. */
    static final class FakeProcess implements GuestProcess {
        final List<Integer> signals = new ArrayList<>();
        final CompletableFuture<GuestExit> exit = new CompletableFuture<>();
        final GuestProcessSpec spec;
        volatile boolean deleted;
        volatile boolean diesOfSignals;
        private final String id;

        FakeProcess(String id, GuestProcessSpec spec) {
            this.id = id;
            this.spec = spec;
        }

        void end(int code, int signal) {
            exit.complete(new GuestExit(code, signal, Instant.EPOCH));
        }

        void lose(String why) {
            exit.completeExceptionally(new CaissonException(ErrorKind.UNAVAILABLE, why));
        }

        @Override
        public String id() {
            return id;
        }

        @Override
        public void start() {
            if (spec.args().getFirst().equals("missing")) {
                throw new CaissonException(ErrorKind.NOT_FOUND, "missing: no such executable");
            }
        }

        @Override
        public OutputStream stdin() {
            return OutputStream.nullOutputStream();
        }

        @Override
        public InputStream stdout() {
            return new ByteArrayInputStream("out".getBytes(StandardCharsets.US_ASCII));
        }

        @Override
        public InputStream stderr() {
            return new ByteArrayInputStream("err".getBytes(StandardCharsets.US_ASCII));
        }

        @Override
        public Optional<GuestExit> await(Duration timeout) throws InterruptedException {
            try {
                return Optional.of(exit.get(timeout.toNanos(), TimeUnit.NANOSECONDS));
            } catch (TimeoutException e) {
                return Optional.empty();
            } catch (ExecutionException e) {
                throw (CaissonException) e.getCause();
            }
        }

        @Override
        public synchronized void signal(int signal) {
            signals.add(signal);
            if (signal == 9 || diesOfSignals) {
                end(128 + signal, signal);
            }
        }

        @Override
        public void resize(int rows, int columns) {}

        @Override
        public void delete() {
            deleted = true;
            end(137, 9);
        }
    }
}
