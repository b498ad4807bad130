package io.caisson.vsock.vhostuser.provider;

import static io.caisson.virtio.library.VsockHeader.OP_REQUEST;
import static io.caisson.virtio.library.VsockHeader.OP_RESPONSE;
import static io.caisson.vsock.vhostuser.provider.TestMonitor.HIGH;
import static io.caisson.vsock.vhostuser.provider.TestMonitor.MEMORY;
import static io.caisson.vsock.vhostuser.provider.TestMonitor.USER;
import static io.caisson.vsock.vhostuser.provider.TestMonitor.payload;
import static io.caisson.vsock.vhostuser.provider.TestMonitor.regions;
import static io.caisson.vsock.vhostuser.provider.VhostUser.VERSION;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.host.linux.ffm.Descriptor;
import io.caisson.host.linux.ffm.Seal;
import io.caisson.host.linux.ffm.SystemCallException;
import io.caisson.host.linux.ffm.UnixSocket;
import io.caisson.vsock.api.VsockListener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a malicious monitor can send: it stops its own device. */
@Timeout(60)
class HostileMonitorTest {
    @TempDir
    private Path directory;

    private Leaks leaks;
    private VhostUserEndpoint endpoint;
    private VsockListener listener;

    @BeforeEach
    void prepare() throws Exception {
        leaks = new Leaks();
        open(false);
    }

    private void open(boolean trust) throws IOException {
        endpoint = VhostUserEndpoint.open("hostile", directory.resolve("s"), trust, VhostUserTransport.CLOSE_TIMEOUT);
        listener = endpoint.listen(RawGuest.HOST_PORT);
    }

    @AfterEach
    void leavesNothing() throws Exception {
        endpoint.close();
        leaks.check();
    }

    private TestMonitor monitor(Seal... seals) throws Exception {
        return new TestMonitor(VhostUserContractTest.socket(endpoint), seals);
    }

    private interface Mischief {
        void by(TestMonitor monitor) throws Exception;
    }

    private String cause() {
        return String.valueOf(assertThrows(IOException.class, listener::accept).getMessage());
    }

    private void stops(String request, String reason, Mischief mischief) throws Exception {
        try (TestMonitor monitor = monitor(Seal.SHRINK)) {
            mischief.by(monitor);
            String cause = cause();
            assertTrue(cause.contains(request), cause);
            assertTrue(cause.contains(reason), cause);
            assertTrue(monitor.isHungUp());
        }
    }

    // ---- memory

    private void stopsOnTable(String reason, long[]... table) throws Exception {
        stops("SET_MEM_TABLE", reason, monitor -> {
            Descriptor[] files = new Descriptor[table.length];
            Arrays.fill(files, monitor.file().descriptor());
            monitor.send(VhostUser.SET_MEM_TABLE, VERSION, regions(table), files);
        });
    }

    @Test
    void memoryThatCanShrinkIsRefused() throws Exception {
        try (TestMonitor monitor = monitor()) {
            monitor.memoryTable(VERSION);
            String cause = cause();
            assertTrue(cause.contains("F_SEAL_SHRINK"), cause);
        }
    }

    @Test
    void memoryThatCanShrinkIsTakenFromATrustedMonitor() throws Exception {
        endpoint.close();
        open(true);
        try (TestMonitor monitor = monitor()) {
            monitor.realize();
            monitor.start(TestMonitor.FEATURES, 0, 0);
            monitor.ask(VhostUser.GET_FEATURES);
            assertFalse(endpoint.isStopped());
        }
    }

    @Test
    void sealedMemoryCannotShrinkUnderTheMapping() throws Exception {
        try (TestMonitor monitor = monitor(Seal.SHRINK)) {
            monitor.realize();
            monitor.start(TestMonitor.FEATURES, 0, 0);
            assertThrows(SystemCallException.class, () -> monitor.file().resize(0));
            monitor.ask(VhostUser.GET_FEATURES);
            assertFalse(endpoint.isStopped());
        }
    }

    @Test
    void regionLargerThanItsFile() throws Exception {
        stopsOnTable("it has only", new long[] {0, MEMORY + 4096L, USER, 0});
    }

    @Test
    void regionThatBeginsBehindItsFile() throws Exception {
        stopsOnTable("it has only", new long[] {0, 4096, USER, MEMORY});
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MAX_VALUE - 100, Long.MAX_VALUE - 4095, Long.MIN_VALUE, -4096})
    void offsetThatOverflows(long offset) throws Exception {
        stopsOnTable(offset < 0 ? "mapping of 4096 bytes" : "it has only", new long[] {0, 4096, USER, offset});
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1, Long.MIN_VALUE})
    void regionWithoutASize(long size) throws Exception {
        stopsOnTable("mapping of", new long[] {0, size, USER, 0});
    }

    @Test
    void sizeThatOverflows() throws Exception {
        stopsOnTable("it has only", new long[] {0, Long.MAX_VALUE, USER, 4096});
    }

    @Test
    void offsetInsideAPage() throws Exception {
        stopsOnTable("mmap", new long[] {0, 4096, USER, 100});
    }

    @Test
    void addressesThatWrap() throws Exception {
        stopsOnTable("not a memory region", new long[] {Long.MAX_VALUE - 100, 4096, USER, 0});
    }

    @Test
    void userAddressesThatWrap() throws Exception {
        stopsOnTable("not a memory region", new long[] {0, 4096, -4096, 0});
    }

    @Test
    void regionsThatOverlapInTheGuest() throws Exception {
        stopsOnTable("overlap", new long[] {0, 8192, USER, 0}, new long[] {4096, 8192, USER + HIGH, 0});
    }

    @Test
    void regionsThatOverlapInTheMonitor() throws Exception {
        stopsOnTable("overlap", new long[] {0, 8192, USER, 0}, new long[] {HIGH, 8192, USER + 4096, 0});
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 9, -1, Integer.MIN_VALUE})
    void badNumberOfRegions(int count) throws Exception {
        stops("SET_MEM_TABLE", "regions, must be 1 to 8", monitor -> {
            ByteBuffer table = regions(new long[][] {{0, MEMORY, USER, 0}});
            table.putInt(0, count);
            monitor.send(VhostUser.SET_MEM_TABLE, VERSION, table, monitor.file().descriptor());
        });
    }

    @Test
    void moreDescriptorsThanRegions() throws Exception {
        stops(
                "SET_MEM_TABLE",
                "1 regions with 2 descriptors",
                monitor -> monitor.send(
                        VhostUser.SET_MEM_TABLE,
                        VERSION,
                        regions(new long[][] {{0, MEMORY, USER, 0}}),
                        monitor.file().descriptor(),
                        monitor.file().descriptor()));
    }

    @Test
    void moreRegionsThanDescriptors() throws Exception {
        stops(
                "SET_MEM_TABLE",
                "1 regions with 0 descriptors",
                monitor ->
                        monitor.send(VhostUser.SET_MEM_TABLE, VERSION, regions(new long[][] {{0, MEMORY, USER, 0}})));
    }

    @Test
    void moreRegionsThanPayload() throws Exception {
        stops("SET_MEM_TABLE", "in a payload of", monitor -> {
            ByteBuffer table = regions(new long[][] {{0, 4096, USER, 0}});
            table.putInt(0, 2);
            monitor.send(
                    VhostUser.SET_MEM_TABLE,
                    VERSION,
                    table,
                    monitor.file().descriptor(),
                    monitor.file().descriptor());
        });
    }

    @Test
    void memoryThatIsASocket() throws Exception {
        try (UnixSocket.Pair pair = UnixSocket.pair("no memory")) {
            stops(
                    "SET_MEM_TABLE",
                    "",
                    monitor -> monitor.send(
                            VhostUser.SET_MEM_TABLE,
                            VERSION,
                            regions(new long[][] {{0, MEMORY, USER, 0}}),
                            pair.first().descriptor()));
        }
    }

    @Test
    void memoryTableWithoutTheRunningRings() throws Exception {
        stops("SET_MEM_TABLE", "outside guest memory", monitor -> {
            monitor.realize();
            monitor.start(TestMonitor.FEATURES, 0, 0);
            monitor.send(
                    VhostUser.SET_MEM_TABLE,
                    VERSION,
                    regions(new long[][] {{HIGH, 4096, USER + HIGH, HIGH}}),
                    monitor.file().descriptor());
        });
    }

    // ---- rings

    private void stopsOnAddress(String reason, long descriptors, long avail, long used) throws Exception {
        stops("SET_VRING_ENABLE", reason, monitor -> {
            monitor.realize();
            monitor.memoryTable(VERSION);
            monitor.ring(VhostUser.SET_VRING_NUM, 1, 256);
            monitor.number(VhostUser.SET_FEATURES, TestMonitor.FEATURES);
            monitor.address(1, USER + descriptors, USER + avail, USER + used);
            monitor.number(VhostUser.SET_VRING_KICK, 1, monitor.kicks[1].descriptor());
            monitor.ring(VhostUser.SET_VRING_ENABLE, 1, 1);
        });
    }

    @Test
    void misalignedRings() throws Exception {
        stopsOnAddress("not aligned to 16", 8, 0x4000, 0x8000);
    }

    @Test
    void misalignedAvailableRing() throws Exception {
        stopsOnAddress("not aligned to 2", 0, 0x4001, 0x8000);
    }

    @Test
    void misalignedUsedRing() throws Exception {
        stopsOnAddress("not aligned to 4", 0, 0x4000, 0x8002);
    }

    @Test
    void ringThatRunsOutOfMemory() throws Exception {
        stopsOnAddress("outside guest memory", MEMORY - 64, 0x4000, 0x8000);
    }

    @Test
    void ringInTheHole() throws Exception {
        stopsOnAddress("outside guest memory", TestMonitor.LOW_END, 0x4000, 0x8000);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 100, 65536, -1, Integer.MIN_VALUE})
    void badQueueSize(int size) throws Exception {
        stops("SET_VRING_NUM", "queue size", monitor -> monitor.ring(VhostUser.SET_VRING_NUM, 1, size));
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 200, 256, -1})
    void unknownQueue(int index) throws Exception {
        stops("SET_VRING_NUM", "there is no queue", monitor -> monitor.ring(VhostUser.SET_VRING_NUM, index, 256));
    }

    @ParameterizedTest
    @ValueSource(ints = {65536, -1})
    void badBase(int base) throws Exception {
        stops("SET_VRING_BASE", "would begin at", monitor -> monitor.ring(VhostUser.SET_VRING_BASE, 1, base));
    }

    @ParameterizedTest
    @ValueSource(ints = {VhostUser.SET_VRING_NUM, VhostUser.SET_VRING_BASE})
    void changesOfARunningQueue(int request) throws Exception {
        stops(VhostUser.name(request), "is running", monitor -> {
            monitor.realize();
            monitor.start(TestMonitor.FEATURES, 0, 0);
            monitor.ring(request, 1, 128);
        });
    }

    @Test
    void kickWithoutADescriptor() throws Exception {
        stops("SET_VRING_KICK", "0 descriptors", monitor -> monitor.number(VhostUser.SET_VRING_KICK, 1));
    }

    @Test
    void kickToBePolled() throws Exception {
        stops("SET_VRING_KICK", "polled", monitor -> monitor.number(VhostUser.SET_VRING_KICK, 0x101));
    }

    @Test
    void kickThatCannotBeWatched() throws Exception {
        stops(
                "SET_VRING_KICK",
                "epoll_ctl",
                monitor -> monitor.number(
                        VhostUser.SET_VRING_KICK, 1, monitor.file().descriptor()));
    }

    @Test
    void callThatIsNoEvent() throws Exception {
        stops(
                "SET_VRING_CALL",
                "not an event",
                monitor -> monitor.number(
                        VhostUser.SET_VRING_CALL, 1, monitor.file().descriptor()));
    }

    @Test
    void severalDescriptorsForOne() throws Exception {
        stops(
                "SET_VRING_CALL",
                "2 descriptors",
                monitor -> monitor.number(
                        VhostUser.SET_VRING_CALL, 1, monitor.calls[0].descriptor(), monitor.calls[1].descriptor()));
    }

    // ---- messages

    @ParameterizedTest
    @ValueSource(ints = {513, -1, Integer.MIN_VALUE, Integer.MAX_VALUE})
    void payloadTooLong(int size) throws Exception {
        stops(
                "SET_FEATURES",
                "bytes of payload",
                monitor -> monitor.raw(VhostUser.SET_FEATURES, VERSION, size, payload(0)));
    }

    @Test
    void payloadTooShort() throws Exception {
        stops(
                "SET_VRING_ADDR",
                "a payload of 8 bytes, needs 40",
                monitor -> monitor.ring(VhostUser.SET_VRING_ADDR, 1, 0));
    }

    @Test
    void tooManyDescriptors() throws Exception {
        stops("SET_FEATURES", "9 descriptors", monitor -> {
            Descriptor[] many = new Descriptor[9];
            Arrays.fill(many, monitor.file().descriptor());
            monitor.number(VhostUser.SET_FEATURES, 0, many);
        });
    }

    @Test
    void needlessDescriptorsAreClosed() throws Exception {
        try (TestMonitor monitor = monitor(Seal.SHRINK)) {
            monitor.number(
                    VhostUser.SET_FEATURES,
                    0,
                    monitor.file().descriptor(),
                    monitor.file().descriptor());
            monitor.ask(VhostUser.GET_FEATURES);
            assertFalse(endpoint.isStopped());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4, 6, 20, 26, 39, 255, -1})
    void unknownRequest(int request) throws Exception {
        stops("request " + request, "not known here", monitor -> monitor.send(request, VERSION, payload(8)));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 3, 5, -1})
    void badFlags(int flags) throws Exception {
        stops("GET_FEATURES", "with flags", monitor -> monitor.send(VhostUser.GET_FEATURES, flags, payload(0)));
    }

    @Test
    void featuresThatWereNotOffered() throws Exception {
        stops(
                "SET_FEATURES",
                "was not offered",
                monitor -> monitor.number(VhostUser.SET_FEATURES, TestMonitor.FEATURES | 1L << 26));
    }

    @Test
    void protocolFeaturesThatWereNotOffered() throws Exception {
        stops(
                "SET_PROTOCOL_FEATURES",
                "was not offered",
                monitor -> monitor.number(VhostUser.SET_PROTOCOL_FEATURES, 0xffff));
    }

    @Test
    void configurationBeyondItsEnd() throws Exception {
        int[][] reads = {{0, 9}, {8, 1}, {-1, 8}, {1, Integer.MAX_VALUE}, {0, 0}, {0, -1}};
        for (int[] read : reads) {
            stops(
                    "GET_CONFIG",
                    "a read of",
                    monitor -> monitor.send(
                            VhostUser.GET_CONFIG,
                            VERSION,
                            payload(30).putInt(read[0]).putInt(read[1]).putInt(0)));
            endpoint.close();
            open(false);
        }
    }

    @Test
    void halfAMessageDoesNotHoldUpTheDevice() throws Exception {
        try (RawGuest guest = RawGuest.started(endpoint, 16)) {
            guest.monitor.bytes((byte) 1, (byte) 0);
            guest.sendControl(OP_REQUEST);
            assertEquals(OP_RESPONSE, guest.next().op());
            listener.close();
            endpoint.close();
            assertTrue(endpoint.isGone());
        }
    }

    @Test
    void answersThatAreNotReadStopTheDevice() throws Exception {
        try (TestMonitor monitor = monitor(Seal.SHRINK)) {
            IOException broken = assertThrows(IOException.class, () -> {
                while (true) {
                    monitor.send(VhostUser.GET_FEATURES, VERSION, payload(0));
                }
            });
            assertTrue(
                    broken.toString().contains("EPIPE") || broken.toString().contains("ECONNRESET"), broken::toString);
            String cause = cause();
            assertTrue(cause.contains("does not read its answers"), cause);
        }
    }

    @Test
    void aMonitorThatLeavesAtOnceEndsTheDevice() throws Exception {
        monitor(Seal.SHRINK).close();
        String cause = cause();
        assertTrue(cause.contains("closed its connection"), cause);
    }

    @Test
    void nobodyElseCanConnect() throws Exception {
        Path socket = VhostUserContractTest.socket(endpoint);
        try (TestMonitor monitor = monitor(Seal.SHRINK)) {
            monitor.ask(VhostUser.GET_FEATURES);
            assertThrows(IOException.class, () -> UnixSocket.connect(socket));
        }
    }

    /** Requests of random kinds with payload and descriptors that are half right. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void survivesRandomRequests(long seed) throws Exception {
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            endpoint.close();
            open(false);
            try (TestMonitor monitor = monitor(Seal.SHRINK)) {
                if (random.nextBoolean()) {
                    monitor.realize();
                    monitor.start(TestMonitor.FEATURES, 0, 0);
                }
                for (int i = 0; i < 50; i++) {
                    randomRequest(monitor, random);
                }
            } catch (IOException e) {
                assertTrue(String.valueOf(e.getMessage()).length() > 0);
            }
            String cause = cause();
            assertFalse(cause.contains("internal error"), cause);
        }
    }

    private static void randomRequest(TestMonitor monitor, Random random) throws Exception {
        int request = 1 + random.nextInt(25);
        ByteBuffer payload = payload(random.nextInt(4) == 0 ? random.nextInt(300) : 40);
        for (int i = 0; i + 4 <= payload.capacity(); i += 4) {
            payload.putInt(i, random.nextInt(8) == 0 ? random.nextInt() : random.nextInt(4));
        }
        Descriptor[] choice = {monitor.file().descriptor(), monitor.kicks[0].descriptor(), monitor.calls[1].descriptor()
        };
        Descriptor[] descriptors = new Descriptor[random.nextInt(3)];
        for (int i = 0; i < descriptors.length; i++) {
            descriptors[i] = choice[random.nextInt(choice.length)];
        }
        monitor.send(request, VERSION | (random.nextBoolean() ? VhostUser.FLAG_NEED_REPLY : 0), payload, descriptors);
        monitor.kicks[random.nextInt(2)].signal();
    }
}
