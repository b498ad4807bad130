package io.caisson.guest.grpc.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.caisson.guest.api.GuestContainerSpec;
import io.caisson.guest.api.GuestDisk;
import io.caisson.guest.api.GuestExit;
import io.caisson.guest.api.GuestProcess;
import io.caisson.guest.api.GuestProcessSpec;
import io.caisson.guest.api.GuestRootfs;
import io.caisson.guest.api.GuestSecret;
import io.caisson.guest.api.GuestSession;
import io.caisson.guest.grpc.provider.proto.CreateContainerRequest;
import io.caisson.guest.grpc.provider.proto.CreateContainerResponse;
import io.caisson.guest.grpc.provider.proto.CreateProcessRequest;
import io.caisson.guest.grpc.provider.proto.CreateProcessResponse;
import io.caisson.guest.grpc.provider.proto.GuestGrpc;
import io.caisson.guest.grpc.provider.proto.HelloRequest;
import io.caisson.guest.grpc.provider.proto.HelloResponse;
import io.caisson.guest.grpc.provider.proto.PowerOffRequest;
import io.caisson.guest.grpc.provider.proto.PowerOffResponse;
import io.caisson.guest.grpc.provider.proto.ReidentifyRequest;
import io.caisson.guest.grpc.provider.proto.ReidentifyResponse;
import io.caisson.guest.grpc.provider.proto.StartProcessRequest;
import io.caisson.guest.grpc.provider.proto.StartProcessResponse;
import io.caisson.guest.grpc.provider.proto.WaitProcessRequest;
import io.caisson.guest.grpc.provider.proto.WaitProcessResponse;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class GrpcGuestSessionTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    /** Answers greetings and what a test makes it answer. */
    private static final class Service extends GuestGrpc.GuestImplBase {
        final AtomicReference<HelloRequest> hello = new AtomicReference<>();
        final AtomicReference<ReidentifyRequest> identity = new AtomicReference<>();
        final AtomicReference<CreateContainerRequest> container = new AtomicReference<>();
        final CompletableFuture<Void> powerOffCancelled = new CompletableFuture<>();
        final CompletableFuture<Void> powerOffAsked = new CompletableFuture<>();
        final BlockingQueue<StreamObserver<WaitProcessResponse>> waiting = new LinkedBlockingQueue<>();
        volatile Status failure = Status.OK;
        volatile int version = 1;

        private <T> void answer(StreamObserver<T> observer, T message) {
            if (failure.isOk()) {
                observer.onNext(message);
                observer.onCompleted();
            } else {
                observer.onError(failure.asRuntimeException());
            }
        }

        @Override
        public void hello(HelloRequest request, StreamObserver<HelloResponse> observer) {
            hello.set(request);
            answer(
                    observer,
                    HelloResponse.newBuilder()
                            .setVersion(version)
                            .addFeaturesValue(1)
                            .addFeaturesValue(99)
                            .setInitVersion("1.2")
                            .setKernelRelease("6.12")
                            .setMachine("x86_64")
                            .build());
        }

        @Override
        public void reidentify(ReidentifyRequest request, StreamObserver<ReidentifyResponse> observer) {
            identity.set(request);
            answer(observer, ReidentifyResponse.getDefaultInstance());
        }

        @Override
        public void createContainer(CreateContainerRequest request, StreamObserver<CreateContainerResponse> observer) {
            container.set(request);
            answer(observer, CreateContainerResponse.getDefaultInstance());
        }

        @Override
        public void createProcess(CreateProcessRequest request, StreamObserver<CreateProcessResponse> observer) {
            answer(observer, CreateProcessResponse.getDefaultInstance());
        }

        @Override
        public void startProcess(StartProcessRequest request, StreamObserver<StartProcessResponse> observer) {
            answer(observer, StartProcessResponse.newBuilder().setPid(7).build());
        }

        @Override
        public void waitProcess(WaitProcessRequest request, StreamObserver<WaitProcessResponse> observer) {
            waiting.add(observer);
        }

        @Override
        public void powerOff(PowerOffRequest request, StreamObserver<PowerOffResponse> observer) {
            ((ServerCallStreamObserver<PowerOffResponse>) observer)
                    .setOnCancelHandler(() -> powerOffCancelled.complete(null));
            powerOffAsked.complete(null);
        }
    }

    private final Service service = new Service();
    private final CompletableFuture<Void> stdioAsked = new CompletableFuture<>();
    private FakeGuest guest;

    @BeforeEach
    void boot() throws Exception {
        guest = new FakeGuest(service, stream -> {
            stdioAsked.complete(null);
            stream.reset();
        });
    }

    @AfterEach
    void end() {
        guest.close();
    }

    private GuestSession connect() throws InterruptedException {
        return agent().connect("test", guest, guest.secret, SOON);
    }

    private static GrpcGuestAgent agent() {
        return new GrpcGuestAgent(Path.of("/nowhere"));
    }

    private static GuestContainerSpec container() {
        var disk = new GuestDisk("root", "ext4");
        return GuestContainerSpec.builder("c", new GuestRootfs.Overlay(disk, Optional.empty(), true))
                .build();
    }

    @Test
    void greetsWithTheHostsTimeAndLearnsWhatTheGuestIs() throws Exception {
        Instant before = Instant.now();
        try (GuestSession session = connect()) {
            assertEquals("6.12", session.info().kernelRelease());
            assertEquals(Set.of("REIDENTIFY"), session.info().features());
            long nanos = Objects.requireNonNull(service.hello.get()).getHostTimeUnixNanos();
            Instant told = Instant.ofEpochSecond(nanos / 1_000_000_000, nanos % 1_000_000_000);
            assertTrue(!told.isBefore(before) && !told.isAfter(Instant.now()), told.toString());
        }
    }

    @Test
    void aGuestThatIsAdoptedGetsRandomnessTimeNameAndSecretOfItsOwnAndLaterConnectionsProveThat() throws Exception {
        Instant before = Instant.now();
        GuestSecret own = GuestSecret.random();
        try (GuestSession session = agent().adopt("one", guest, guest.secret, own, SOON)) {
            ReidentifyRequest identity = Objects.requireNonNull(service.identity.get());
            assertEquals("one", identity.getMachineId());
            assertEquals(own, GuestSecret.of(identity.getSecret().toByteArray()));
            assertTrue(identity.getHostTimeUnixNanos() / 1_000_000_000 >= before.getEpochSecond());
            ByteString entropy = identity.getEntropy();
            assertEquals(64, entropy.size());

            guest.secret = own;
            Thread.startVirtualThread(() -> {
                try {
                    session.process("c", "p").stdout();
                } catch (InterruptedException | CaissonException e) {
                    // The stream is refused; what counts is that it was asked for.
                    Thread.currentThread().interrupt();
                }
            });
            stdioAsked.get(SOON.toSeconds(), TimeUnit.SECONDS);

            try (GuestSession other = agent().adopt("other", guest, own, GuestSecret.random(), SOON)) {
                assertEquals("6.12", other.info().kernelRelease());
                assertNotEquals(
                        entropy, Objects.requireNonNull(service.identity.get()).getEntropy());
            }
        }
    }

    @Test
    void refusesAGuestThatChoosesAVersionNotOffered() {
        service.version = 2;
        assertEquals(
                ErrorKind.UNSUPPORTED,
                assertThrows(CaissonException.class, this::connect).kind());
    }

    @Test
    void aWrongSecretIsALostConnection() {
        CaissonException failure =
                assertThrows(CaissonException.class, () -> agent().connect("test", guest, GuestSecret.random(), SOON));
        assertEquals(ErrorKind.UNAVAILABLE, failure.kind());
        assertEquals("greeting the guest of sandbox test: the connection to the guest is lost", failure.getMessage());
    }

    @Test
    void aGuestThatDoesNotAcceptIsATimeout() {
        guest.vanish();
        assertEquals(
                ErrorKind.TIMEOUT,
                assertThrows(CaissonException.class, this::connect).kind());
    }

    @Test
    void aGuestThatAcceptsAndStaysSilentIsATimeout() {
        var silent = new StreamPair();
        CaissonException failure = assertThrows(CaissonException.class, () -> agent().connect(
                        "test", (port, timeout) -> silent.host, GuestSecret.random(), Duration.ofMillis(200)));
        assertEquals(ErrorKind.TIMEOUT, failure.kind());
    }

    @ParameterizedTest
    @CsvSource({
        "NOT_FOUND, NOT_FOUND",
        "ALREADY_EXISTS, EXISTS",
        "INVALID_ARGUMENT, INVALID_ARGUMENT",
        "FAILED_PRECONDITION, INVALID_STATE",
        "PERMISSION_DENIED, PERMISSION_DENIED",
        "UNIMPLEMENTED, UNSUPPORTED",
        "RESOURCE_EXHAUSTED, UNAVAILABLE",
        "INTERNAL, INTERNAL"
    })
    void translatesTheGuestsFailuresOnce(Status.Code code, ErrorKind kind) throws Exception {
        try (GuestSession session = connect()) {
            service.failure = code.toStatus().withDescription("mount vda: \u001b[2Jno\nsuch device (ENODEV)");
            CaissonException failure = assertThrows(CaissonException.class, () -> session.createContainer(container()));
            assertEquals(kind, failure.kind());
            assertEquals("mount vda:  [2Jno such device (ENODEV)", failure.getMessage());
        }
    }

    @Test
    void tellsTheGuestOfAContainer() throws Exception {
        try (GuestSession session = connect()) {
            session.createContainer(container());
            CreateContainerRequest told = Objects.requireNonNull(service.container.get());
            assertEquals("root", told.getRootfs().getOverlay().getLower().getSerial());
            assertTrue(told.getRootfs().getReadOnly());
            assertTrue(!told.getRootfs().getOverlay().hasScratch());
            assertEquals("c", told.getHostname());
        }
    }

    @Test
    void dialsAgainWhenTheConnectionBroke() throws Exception {
        try (GuestSession session = connect()) {
            guest.grpcConnections.getLast().breakOff();
            // The first call after the break may still meet the broken connection.
            boolean served = false;
            while (!served) {
                try {
                    session.createContainer(container());
                    served = true;
                } catch (CaissonException e) {
                    assertEquals(ErrorKind.UNAVAILABLE, e.kind(), e.getMessage());
                }
            }
            assertEquals(2, guest.grpcConnections.size());
        }
    }

    @Test
    void anInterruptCancelsTheCallInTheGuest() throws Exception {
        try (GuestSession session = connect()) {
            var outcome = new CompletableFuture<Throwable>();
            Thread caller = Thread.ofVirtual().start(() -> {
                try {
                    session.powerOff(SOON);
                } catch (InterruptedException e) {
                    outcome.complete(e);
                }
            });
            service.powerOffAsked.get(20, TimeUnit.SECONDS);
            caller.interrupt();
            assertTrue(outcome.get(20, TimeUnit.SECONDS) instanceof InterruptedException);
            service.powerOffCancelled.get(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void aCallThatTakesTooLongIsATimeout() throws Exception {
        try (GuestSession session = connect()) {
            assertEquals(
                    ErrorKind.TIMEOUT,
                    assertThrows(CaissonException.class, () -> session.powerOff(Duration.ofMillis(50)))
                            .kind());
        }
    }

    @Test
    void waitsForTheEndOfAProcessOnceForAll() throws Exception {
        try (GuestSession session = connect()) {
            GuestProcess process = session.createProcess(
                    "c", "p", GuestProcessSpec.builder(List.of("true")).build());
            process.start();
            assertEquals(Optional.empty(), process.await(Duration.ofMillis(20)));
            StreamObserver<WaitProcessResponse> observer = service.waiting.poll(20, TimeUnit.SECONDS);
            observer.onNext(WaitProcessResponse.newBuilder()
                    .setExitCode(137)
                    .setSignal(9)
                    .setExitedAtUnixNanos(1_500_000_000)
                    .build());
            observer.onCompleted();
            var exit = new GuestExit(137, 9, Instant.ofEpochMilli(1500));
            assertEquals(Optional.of(exit), process.await(SOON));
            assertEquals(Optional.of(exit), process.await(Duration.ofNanos(Long.MAX_VALUE)));
        }
    }

    @Test
    void waitsOnOverAnotherConnectionWhenOneBreaks() throws Exception {
        try (GuestSession session = connect()) {
            GuestProcess process = session.createProcess(
                    "c", "p", GuestProcessSpec.builder(List.of("true")).build());
            process.start();
            for (int i = 0; i < 3; i++) {
                assertNotNull(service.waiting.poll(20, TimeUnit.SECONDS));
                guest.grpcConnections.getLast().breakOff();
                assertEquals(Optional.empty(), process.await(Duration.ofMillis(200)));
            }
            StreamObserver<WaitProcessResponse> observer = service.waiting.poll(20, TimeUnit.SECONDS);
            observer.onNext(WaitProcessResponse.newBuilder().setExitCode(3).build());
            observer.onCompleted();
            assertEquals(3, process.await(SOON).orElseThrow().code());
        }
    }

    @Test
    void aGuestThatCannotBeReachedAgainIsALostConnection() throws Exception {
        try (GuestSession session = connect()) {
            GuestProcess process = session.createProcess(
                    "c", "p", GuestProcessSpec.builder(List.of("true")).build());
            process.start();
            assertNotNull(service.waiting.poll(20, TimeUnit.SECONDS));
            guest.vanish();
            guest.grpcConnections.getLast().breakOff();
            assertEquals(
                    ErrorKind.UNAVAILABLE,
                    assertThrows(CaissonException.class, () -> process.await(SOON))
                            .kind());
        }
    }

    @Test
    void closingWakesThoseWhoWaitAndLeavesNoThread() throws Exception {
        var outcome = new CompletableFuture<CaissonException>();
        try (GuestSession session = agent().connect("leak", guest, guest.secret, SOON)) {
            GuestProcess process = session.createProcess(
                    "c", "p", GuestProcessSpec.builder(List.of("true")).build());
            process.start();
            Thread.ofVirtual().start(() -> {
                try {
                    process.await(SOON);
                } catch (CaissonException e) {
                    outcome.complete(e);
                } catch (InterruptedException e) {
                    outcome.completeExceptionally(e);
                }
            });
            service.waiting.poll(20, TimeUnit.SECONDS);
        }
        assertTrue(List.of(ErrorKind.CANCELLED, ErrorKind.UNAVAILABLE, ErrorKind.INVALID_STATE)
                .contains(outcome.get(20, TimeUnit.SECONDS).kind()));
        while (Threads.named("caisson-leak-") > 0) {
            Thread.onSpinWait();
        }
    }
}
