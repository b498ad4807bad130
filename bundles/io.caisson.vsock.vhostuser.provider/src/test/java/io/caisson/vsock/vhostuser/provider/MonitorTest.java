package io.caisson.vsock.vhostuser.provider;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.host.linux.ffm.EventFd;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.virtio.library.VirtioFeatures;
import io.caisson.virtio.library.VsockHeader;
import io.caisson.vsock.api.GuestStream;
import io.caisson.vsock.api.VsockEndpoint;
import io.caisson.vsock.api.VsockListener;
import io.caisson.vsock.testkit.GuestPeer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What monitors do: negotiate, pause, reset, change memory and descriptors, and leave. */
@Timeout(60)
class MonitorTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final int PORT = 1024;
    private static final long BASE = VirtioFeatures.VERSION_1 | VhostUser.F_PROTOCOL_FEATURES;

    @TempDir
    private Path directory;

    private Leaks leaks;
    private final List<AutoCloseable> opened = new ArrayList<>();

    @BeforeEach
    void prepare() throws Exception {
        leaks = new Leaks();
    }

    @AfterEach
    void leavesNothing() throws Exception {
        for (AutoCloseable each : opened.reversed()) {
            each.close();
        }
        leaks.check();
    }

    private VhostUserEndpoint endpoint(String name) throws IOException {
        VhostUserEndpoint endpoint =
                VhostUserEndpoint.open(name, directory.resolve(name), false, VhostUserTransport.CLOSE_TIMEOUT);
        opened.add(endpoint);
        return endpoint;
    }

    private TestMonitor monitor(VsockEndpoint endpoint) throws Exception {
        TestMonitor monitor = new TestMonitor(VhostUserContractTest.socket(endpoint));
        opened.add(monitor);
        return monitor;
    }

    private TestGuest boot(TestMonitor monitor, long features) throws Exception {
        TestGuest guest = TestGuest.boot(monitor, features);
        opened.add(guest);
        return guest;
    }

    private record Ends(GuestStream host, GuestPeer.Socket guest) {}

    private static Ends open(VsockEndpoint endpoint, TestGuest guest, int port) throws Exception {
        try (GuestPeer.Listening listening = guest.listen(port)) {
            GuestStream host = endpoint.open(port, LONG);
            return new Ends(host, listening.accept());
        }
    }

    private static void ping(Ends ends) throws Exception {
        byte[] bytes = new byte[10_000];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 7);
        }
        ends.host().output().write(bytes);
        byte[] got = new byte[bytes.length];
        for (int at = 0; at < got.length; ) {
            at += ends.guest().read(got, at, got.length - at);
        }
        assertArrayEquals(bytes, got);
        ends.guest().write(bytes, 0, bytes.length);
        assertArrayEquals(bytes, ends.host().input().readNBytes(bytes.length));
    }

    // ---- negotiation

    @ParameterizedTest
    @ValueSource(
            longs = {
                BASE,
                BASE | VirtioFeatures.INDIRECT_DESC,
                BASE | VirtioFeatures.EVENT_IDX,
                BASE | VirtioFeatures.INDIRECT_DESC | VirtioFeatures.EVENT_IDX
            })
    void servesDriversOfAnyFeatures(long features) throws Exception {
        VhostUserEndpoint endpoint = endpoint("features");
        TestGuest guest = boot(monitor(endpoint), features);
        for (int i = 0; i < 100; i++) {
            Ends ends = open(endpoint, guest, PORT);
            ping(ends);
            ends.host().close();
        }
    }

    @Test
    void tellsTheGuestsContextId() throws Exception {
        assertEquals(3, monitor(endpoint("cid")).realize());
    }

    @Test
    void servesUserModeLinux() throws Exception {
        VhostUserEndpoint endpoint = endpoint("uml");
        TestMonitor monitor = monitor(endpoint);
        TestGuest guest = new TestGuest(monitor, TestMonitor.FEATURES);
        opened.add(guest);
        monitor.startAsUml();
        guest.run();
        ping(open(endpoint, guest, PORT));
    }

    @Test
    void servesADriverThatLooksByItself() throws Exception {
        VhostUserEndpoint endpoint = endpoint("polling");
        try (RawGuest guest = RawGuest.started(endpoint, 16)) {
            guest.monitor.number(VhostUser.SET_VRING_CALL, 0x100);
            guest.monitor.number(VhostUser.SET_VRING_CALL, 0x101);
            guest.monitor.ask(VhostUser.GET_FEATURES);
            guest.sendControl(VsockHeader.OP_REQUEST);
            assertEquals(VsockHeader.OP_RST, guest.next().op());
        }
    }

    // ---- changes while it runs

    @Test
    void goesOnAfterAPause() throws Exception {
        VhostUserEndpoint endpoint = endpoint("pause");
        TestMonitor monitor = monitor(endpoint);
        TestGuest guest = boot(monitor, TestMonitor.FEATURES);
        Ends ends = open(endpoint, guest, PORT);
        ping(ends);
        for (int i = 0; i < 3; i++) {
            FutureTask<Void> writing = new FutureTask<>(() -> {
                ping(ends);
                return null;
            });
            guest.whileStopped(() -> {
                int[] bases = monitor.stop();
                Thread.startVirtualThread(writing);
                monitor.start(TestMonitor.FEATURES, bases[0], bases[1]);
            });
            writing.get(30, TimeUnit.SECONDS);
        }
        ping(open(endpoint, guest, PORT + 1));
    }

    @Test
    void breaksStreamsWhenTheGuestResets() throws Exception {
        VhostUserEndpoint endpoint = endpoint("reset");
        TestMonitor monitor = monitor(endpoint);
        TestGuest before = boot(monitor, TestMonitor.FEATURES);
        Ends ends = open(endpoint, before, PORT);
        ping(ends);
        VsockListener listener = endpoint.listen(PORT);
        FutureTask<GuestStream> opening = new FutureTask<>(() -> endpoint.open(PORT + 1, LONG));
        FutureTask<Integer> reading = new FutureTask<>(() -> ends.host().input().read());
        Thread.startVirtualThread(opening);
        Thread.startVirtualThread(reading);
        before.whileStopped(monitor::stop);
        before.stop();
        TestGuest after = new TestGuest(monitor, TestMonitor.FEATURES);
        opened.add(after);
        monitor.start(TestMonitor.FEATURES, 0, 0);
        after.run();
        ExecutionException broken = assertThrows(ExecutionException.class, () -> reading.get(5, TimeUnit.SECONDS));
        assertTrue(broken.toString().contains("restarted"), broken::toString);
        assertThrows(IOException.class, () -> ends.host().output().write(1));
        GuestPeer.Socket socket = after.connect(PORT);
        ping(new Ends(listener.accept(), socket));
        GuestPeer.Listening listening = after.listen(PORT + 1);
        ping(new Ends(opening.get(30, TimeUnit.SECONDS), listening.accept()));
    }

    @Test
    void takesANewMemoryTableWhileRunning() throws Exception {
        VhostUserEndpoint endpoint = endpoint("memory");
        TestMonitor monitor = monitor(endpoint);
        TestGuest guest = boot(monitor, TestMonitor.FEATURES);
        Ends ends = open(endpoint, guest, PORT);
        FutureTask<Void> traffic = new FutureTask<>(() -> {
            for (int i = 0; i < 300; i++) {
                ping(ends);
            }
            return null;
        });
        Thread.startVirtualThread(traffic);
        int tables = 0;
        while (!traffic.isDone()) {
            monitor.memoryTable(VhostUser.VERSION | VhostUser.FLAG_NEED_REPLY);
            monitor.answer(VhostUser.SET_MEM_TABLE);
            tables++;
        }
        traffic.get();
        assertTrue(tables > 5, "only " + tables + " tables");
    }

    @Test
    void tellsANewCallDescriptorWhatTheOldOneMayHaveMissed() throws Exception {
        VhostUserEndpoint endpoint = endpoint("call");
        TestMonitor monitor = monitor(endpoint);
        boot(monitor, TestMonitor.FEATURES);
        try (EventFd late = EventFd.create("late")) {
            monitor.number(VhostUser.SET_VRING_CALL, 0, late.descriptor());
            monitor.ask(VhostUser.GET_FEATURES);
            assertTrue(late.drain());
        }
    }

    // ---- endpoints

    @Test
    void servesSeveralMachinesAtOnce() throws Exception {
        List<FutureTask<Void>> machines = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            VhostUserEndpoint endpoint = endpoint("machine" + i);
            TestGuest guest = boot(monitor(endpoint), TestMonitor.FEATURES);
            FutureTask<Void> machine = new FutureTask<>(() -> {
                Ends ends = open(endpoint, guest, PORT);
                for (int k = 0; k < 200; k++) {
                    ping(ends);
                }
                return null;
            });
            machines.add(machine);
            Thread.startVirtualThread(machine);
        }
        for (FutureTask<Void> each : machines) {
            each.get(60, TimeUnit.SECONDS);
        }
    }

    @Test
    void listensForItsUserAloneAndRemovesTheSocketOnceConnected() throws Exception {
        VhostUserEndpoint endpoint = endpoint("socket");
        Path socket = VhostUserContractTest.socket(endpoint);
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
        TestMonitor monitor = monitor(endpoint);
        monitor.ask(VhostUser.GET_FEATURES);
        assertFalse(Files.exists(socket));
    }

    @Test
    void removesTheSocketThatNobodyConnectedTo() throws Exception {
        VhostUserEndpoint endpoint = endpoint("unused");
        Path socket = VhostUserContractTest.socket(endpoint);
        assertTrue(Files.exists(socket));
        endpoint.close();
        assertFalse(Files.exists(socket));
        assertTrue(endpoint.isGone());
    }

    @Test
    void takesDirectoriesLongerThanASocketAddress() throws Exception {
        Path deep = Files.createDirectories(directory.resolve("d".repeat(120)).resolve("e".repeat(120)));
        VsockEndpoint endpoint = new VhostUserTransport(false).prepare("deep", deep);
        opened.add(endpoint);
        assertEquals(deep, VhostUserContractTest.socket(endpoint).getParent());
        TestGuest guest = boot(monitor(endpoint), TestMonitor.FEATURES);
        ping(open(endpoint, guest, PORT));
    }

    @Test
    void saysWhyItCannotListen() {
        CaissonException failure = assertThrows(CaissonException.class, () -> new VhostUserTransport(false)
                .prepare("nowhere", directory.resolve("missing")));
        assertEquals(ErrorKind.UNAVAILABLE, failure.kind());
        assertTrue(failure.toString().contains("nowhere"), failure::toString);
    }

    @Test
    void namesItsThreadAfterTheSandbox() throws Exception {
        endpoint("thread");
        assertTrue(Thread.getAllStackTraces().keySet().stream()
                .anyMatch(each -> each.getName().equals("caisson-thread-vsock") && each.isDaemon()));
    }
}
