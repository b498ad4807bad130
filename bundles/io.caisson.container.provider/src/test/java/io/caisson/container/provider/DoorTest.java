package io.caisson.container.provider;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.container.api.Container;
import io.caisson.container.api.ContainerHandle;
import io.caisson.container.api.ContainerInfo;
import io.caisson.container.api.ContainerProcess;
import io.caisson.container.api.ExitStatus;
import io.caisson.container.api.ProcessSpec;
import io.caisson.host.linux.ffm.UnixSocket;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.ProgressListener;
import io.caisson.vsock.api.GuestStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** A container as other processes reach it: through a second service on the same home, which does not own it. */
@Timeout(60)
class DoorTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    @TempDir
    private Path home;

    private final FakeWorld world = new FakeWorld();
    private final FakeWorld elsewhere = new FakeWorld();
    private SandboxContainerService owner;
    private SandboxContainerService other;
    private Container container;

    @BeforeEach
    void begin() throws Exception {
        owner = world.service(home);
        other = elsewhere.service(home);
        container = owner.create(FakeWorld.builder("sh").name("one").build(), ProgressListener.NONE);
        container.init().start();
    }

    @AfterEach
    void end() {
        container.close();
        other.deactivate();
        owner.deactivate();
        assertEquals(List.of(), world.open);
        assertEquals(List.of(), elsewhere.open);
    }

    private Path door() {
        return home.resolve("containers").resolve(container.info().id()).resolve("door.sock");
    }

    private DoorClient client() {
        return new DoorClient("one", door());
    }

    @Test
    void describesAndStopsAContainerOfAnotherProcess() throws Exception {
        ContainerHandle handle = other.find("one");
        assertEquals(container.info(), handle.info());
        assertEquals(List.of(container.info()), other.list());
        Objects.requireNonNull(world.processes.get("init")).diesOfSignals = true;
        handle.stop(LONG);
        assertEquals(ContainerInfo.State.EXITED, handle.info().state());
        assertEquals(Optional.of(new ExitStatus(138, 10)), handle.info().exit());
    }

    @Test
    void runsAProcessInAContainerOfAnotherProcessWithTheContainersDefaults() throws Exception {
        ContainerHandle handle = other.find("one");
        ProcessSpec ls = ProcessSpec.builder().args(List.of("ls")).build();
        try (ContainerProcess process = handle.exec(ls)) {
            assertEquals(List.of("process [ls] [A=image, B=run] /"), elsewhere.guestCalls);
            assertArrayEquals(
                    Objects.requireNonNull(world.secret).toBytes(),
                    Objects.requireNonNull(elsewhere.secret).toBytes());
            assertEquals(List.of("session"), elsewhere.open);
            elsewhere.processes.values().forEach(each -> each.end(3, 0));
            assertEquals(Optional.of(new ExitStatus(3, 0)), process.await(LONG));
        }
        assertEquals(List.of(), elsewhere.open);
        ProcessSpec missing = ProcessSpec.builder().args(List.of("missing")).build();
        assertFailure(ErrorKind.NOT_FOUND, () -> handle.exec(missing), "no such executable");
        assertEquals(List.of(), elsewhere.open);
    }

    @Test
    void carriesStreamsBothWaysAndEndsEachByItself() throws Exception {
        byte[] bytes = new byte[1_000_000];
        new Random(1).nextBytes(bytes);
        GuestStream stream = client().open(7, LONG);
        var received = new CompletableFuture<byte[]>();
        Thread.ofVirtual().start(() -> {
            try {
                received.complete(stream.input().readAllBytes());
            } catch (IOException e) {
                received.completeExceptionally(e);
            }
        });
        stream.output().write(bytes);
        assertFalse(received.isDone());
        stream.shutdownOutput();
        assertArrayEquals(bytes, received.get(30, TimeUnit.SECONDS));
        stream.close();
    }

    @Test
    void aStreamThatBreaksIsNoEndOfFile() throws Exception {
        GuestStream stream = client().open(8, LONG);
        stream.output().write(5);
        assertEquals(5, stream.input().read());
        assertThrows(IOException.class, () -> stream.input().read());
        stream.reset();
    }

    @Test
    void saysThatNobodyListensOnAPort() {
        IOException e = assertThrows(IOException.class, () -> client().open(9, LONG));
        assertTrue(String.valueOf(e.getMessage()).contains("does not accept a connection to port 9"), e.getMessage());
    }

    @Test
    void endsItsStreamsWithTheContainer() throws Exception {
        GuestStream stream = client().open(7, LONG);
        container.close();
        assertThrows(IOException.class, () -> stream.input().read());
        stream.reset();
        assertFailure(
                ErrorKind.UNAVAILABLE,
                () -> client().ask(DoorMessages.request(DoorMessages.DESCRIBE), LONG),
                "cannot be reached");
    }

    @Test
    void servesAsManyAsItCanAndAgainWhenOneHasGone() throws Exception {
        var streams = new ArrayDeque<GuestStream>();
        try {
            for (int i = 0; i < 64; i++) {
                streams.add(client().open(7, LONG));
            }
            assertThrows(IOException.class, () -> client().open(7, LONG));
            streams.remove().close();
            while (streams.size() < 64) {
                try {
                    streams.add(client().open(7, LONG));
                } catch (IOException e) {
                    // The place is free once the owner has seen that the other is gone.
                    Thread.onSpinWait();
                }
            }
        } finally {
            streams.forEach(GuestStream::reset);
        }
    }

    @Test
    void answersNonsenseWithAFailureOrNotAtAllAndServesOn() throws Exception {
        assertEquals("", said(""));
        assertEquals("", said("nonsense\n"));
        assertEquals("", said("[]\n"));
        assertEquals("", said("x".repeat(5000) + "\n"));
        for (String request : List.of(
                "{}",
                "{\"op\":1}",
                "{\"op\":\"stop\"}",
                "{\"op\":\"stop\",\"graceMillis\":-1}",
                "{\"op\":\"connect\",\"port\":4294967295}",
                "{\"op\":\"connect\",\"port\":0}")) {
            String answer = said(request + "\n");
            assertTrue(answer.startsWith("{\"ok\":false,\"kind\":\"INVALID_ARGUMENT\",\"message\":\""), answer);
        }
        assertTrue(said("{\"op\":\"dance\"}\n").contains("\"UNSUPPORTED\""));
        assertTrue(said("{\"op\":\"describe\"}\n").startsWith("{\"ok\":true,\"container\":{"));
        assertEquals(ContainerInfo.State.RUNNING, container.info().state());
    }

    @Test
    void isInAFolderThatIsItsUsersAlone() throws Exception {
        assertEquals(
                "rwx------",
                PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(Objects.requireNonNull(door().getParent()))));
    }

    /** All that the door answers to these bytes. */
    private String said(String request) throws Exception {
        try (UnixSocket socket = UnixSocket.connect(door())) {
            try {
                socket.output().write(request.getBytes(StandardCharsets.UTF_8));
                socket.shutdownOutput();
                return new String(socket.input().readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                // It hung up without reading all.
                return "";
            }
        }
    }

    private static void assertFailure(ErrorKind kind, Executable action, String part) {
        CaissonException e = assertThrows(CaissonException.class, action);
        assertEquals(kind, e.kind(), e.getMessage());
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }
}
