package io.caisson.vsock.vhostuser.provider;

import static io.caisson.virtio.library.VsockHeader.OP_CREDIT_REQUEST;
import static io.caisson.virtio.library.VsockHeader.OP_CREDIT_UPDATE;
import static io.caisson.virtio.library.VsockHeader.OP_REQUEST;
import static io.caisson.virtio.library.VsockHeader.OP_RESPONSE;
import static io.caisson.virtio.library.VsockHeader.OP_RST;
import static io.caisson.virtio.library.VsockHeader.OP_RW;
import static io.caisson.virtio.library.VsockHeader.OP_SHUTDOWN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.vsock.api.GuestStream;
import io.caisson.vsock.api.VsockListener;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a malicious guest can do: it stops its own device, or not even that. */
@Timeout(60)
class HostileGuestTest {
    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;
    private static final int PORT = RawGuest.HOST_PORT;
    private static final long PACKET = RawGuest.PACKET;

    @TempDir
    private Path directory;

    private Leaks leaks;
    private VhostUserEndpoint endpoint;
    private VsockListener listener;

    @BeforeEach
    void prepare() throws Exception {
        leaks = new Leaks();
        endpoint = VhostUserEndpoint.open("hostile", directory.resolve("s"), false, VhostUserTransport.CLOSE_TIMEOUT);
        listener = endpoint.listen(PORT);
    }

    @AfterEach
    void leavesNothing() throws Exception {
        endpoint.close();
        leaks.check();
    }

    private RawGuest guest(int buffers) throws Exception {
        return RawGuest.started(endpoint, buffers);
    }

    private interface Mischief {
        void in(RawGuest guest) throws Exception;
    }

    /** Why the device stopped, which it does now. */
    private String cause() throws InterruptedException {
        while (true) {
            try {
                listener.accept().reset();
            } catch (IOException e) {
                return String.valueOf(e.getMessage());
            }
        }
    }

    private void stops(String reason, Mischief mischief) throws Exception {
        try (RawGuest guest = guest(64)) {
            mischief.in(guest);
            guest.kickTransmit();
            guest.kickReceive();
            String cause = cause();
            assertTrue(cause.contains("the guest broke the virtio protocol"), cause);
            assertTrue(cause.contains(reason), cause);
            assertTrue(guest.monitor.isHungUp(), "the monitor is told by the end of its connection");
        }
    }

    private void stopsOnDescriptor(String reason, long address, int length, int flags, int next) throws Exception {
        stops(reason, guest -> {
            guest.transmit.writeDescriptor(RawGuest.DESCRIPTORS, 0, address, length, flags, next);
            guest.transmit.publish(0);
        });
    }

    private static GuestStream connect(RawGuest guest, VsockListener listener, int guestPort) throws Exception {
        guest.header(OP_REQUEST, 0, 0, PORT, guestPort);
        guest.send(44);
        assertEquals(OP_RESPONSE, guest.next().op());
        return listener.accept();
    }

    /** The device still serves a stranger. */
    private void servesOn(RawGuest guest) throws Exception {
        try (GuestStream stream = connect(guest, listener, 4711)) {
            guest.header(OP_RW, 0, 3, PORT, 4711);
            guest.memory.set(ValueLayout.JAVA_BYTE, PACKET + 44, (byte) 5);
            guest.send(47);
            assertEquals(5, stream.input().read());
        }
    }

    // ---- what the rings hold

    @Test
    void addressOutsideMemory() throws Exception {
        stopsOnDescriptor("outside guest memory", TestMonitor.MEMORY, 44, 0, 0);
    }

    @Test
    void addressInTheHoleBetweenRegions() throws Exception {
        stopsOnDescriptor("outside guest memory", TestMonitor.LOW_END, 44, 0, 0);
    }

    @Test
    void bufferThatRunsIntoTheHole() throws Exception {
        stopsOnDescriptor("outside guest memory", TestMonitor.LOW_END - 10, 44, 0, 0);
    }

    @Test
    void bufferThatRunsPastTheEnd() throws Exception {
        stopsOnDescriptor("outside guest memory", TestMonitor.MEMORY - 10, 44, 0, 0);
    }

    @Test
    void addressThatWraps() throws Exception {
        stopsOnDescriptor("outside guest memory", -16, 44, 0, 0);
    }

    @Test
    void lengthOf4GiB() throws Exception {
        stopsOnDescriptor("more than 16777216 bytes", PACKET, -1, 0, 0);
    }

    @Test
    void loop() throws Exception {
        stopsOnDescriptor("loops", PACKET, 44, NEXT, 0);
    }

    @Test
    void loopOfNothing() throws Exception {
        stopsOnDescriptor("loops", PACKET, 0, NEXT, 0);
    }

    @Test
    void nextOutsideTheTable() throws Exception {
        stopsOnDescriptor("only 256 descriptors", PACKET, 44, NEXT, 300);
    }

    @Test
    void headOutsideTheTable() throws Exception {
        stops("only 256 descriptors", guest -> guest.transmit.publish(65535));
    }

    @Test
    void indexThatJumps() throws Exception {
        stops("30000 ahead", guest -> guest.transmit.setAvailIndex(30000));
    }

    @Test
    void indexOfTheReceiveQueueThatJumps() throws Exception {
        stops("receive queue", guest -> {
            guest.receive.setAvailIndex(40000);
            guest.header(OP_REQUEST, 0);
            guest.transmit.add(new long[] {PACKET}, new int[] {44}, 1);
        });
    }

    @Test
    void indirectTableInAnIndirectTable() throws Exception {
        stops("inside an indirect table", guest -> {
            guest.transmit.writeDescriptor(RawGuest.TABLE, 0, RawGuest.TABLE, 16, INDIRECT, 0);
            guest.transmit.writeDescriptor(RawGuest.DESCRIPTORS, 0, RawGuest.TABLE, 16, INDIRECT, 0);
            guest.transmit.publish(0);
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 33, -16})
    void indirectTableOfABadLength(int length) throws Exception {
        stopsOnDescriptor("an indirect table of", RawGuest.TABLE, length, INDIRECT, 0);
    }

    @Test
    void indirectTableOutsideMemory() throws Exception {
        stopsOnDescriptor("outside guest memory", TestMonitor.MEMORY - 16, 32, INDIRECT, 0);
    }

    @Test
    void loopInAnIndirectTable() throws Exception {
        stops("loops", guest -> {
            guest.transmit.writeDescriptor(RawGuest.TABLE, 0, PACKET, 16, NEXT, 1);
            guest.transmit.writeDescriptor(RawGuest.TABLE, 1, PACKET, 16, NEXT, 0);
            guest.transmit.writeDescriptor(RawGuest.DESCRIPTORS, 0, RawGuest.TABLE, 32, INDIRECT, 0);
            guest.transmit.publish(0);
        });
    }

    @Test
    void packetShorterThanAHeader() throws Exception {
        stopsOnDescriptor("no room for a header", PACKET, 43, 0, 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1 << 30, -1, Integer.MIN_VALUE})
    void packetThatAnnouncesMoreThanItHas(int length) throws Exception {
        stops("announces", guest -> {
            guest.header(OP_RW, length);
            guest.transmit.add(new long[] {PACKET}, new int[] {44}, 1);
        });
    }

    @Test
    void writablePacket() throws Exception {
        stopsOnDescriptor("writable", PACKET, 44, WRITE, 0);
    }

    @Test
    void receiveBufferThatIsReadable() throws Exception {
        stops("not writable", guest -> {
            guest.receive.writeDescriptor(RawGuest.RECEIVE_DESCRIPTORS, 0, PACKET, 4096, 0, 0);
            guest.header(OP_REQUEST, 0);
            guest.transmit.add(new long[] {PACKET}, new int[] {44}, 1);
        });
    }

    @Test
    void receiveBufferWithoutRoomForAHeader() throws Exception {
        stops("a buffer of 10 bytes", guest -> {
            guest.receive.writeDescriptor(RawGuest.RECEIVE_DESCRIPTORS, 0, PACKET, 10, WRITE, 0);
            guest.header(OP_REQUEST, 0);
            guest.transmit.add(new long[] {PACKET}, new int[] {44}, 1);
        });
    }

    @Test
    void receiveBufferWithoutRoomForPayloadFailsTheWriter() throws Exception {
        try (RawGuest guest = guest(2)) {
            GuestStream stream = connect(guest, listener, 9);
            guest.receive.writeDescriptor(RawGuest.RECEIVE_DESCRIPTORS, 1, PACKET, 44, WRITE, 0);
            IOException failure =
                    assertThrows(IOException.class, () -> stream.output().write(new byte[8192]));
            assertTrue(failure.toString().contains("a buffer of 44 bytes"), failure::toString);
            assertTrue(cause().contains("a buffer of 44 bytes"));
        }
    }

    // ---- what packets say

    @ParameterizedTest
    @ValueSource(longs = {77, 0, 2, -1})
    void packetsOfAnotherSenderAreDropped(long cid) throws Exception {
        try (RawGuest guest = guest(64)) {
            guest.header(OP_REQUEST, 0);
            guest.memory.set(ValueLayout.JAVA_LONG_UNALIGNED, PACKET, cid);
            guest.send(44);
            guest.header(OP_REQUEST, 0);
            guest.memory.set(ValueLayout.JAVA_LONG_UNALIGNED, PACKET + 8, 77L);
            guest.send(44);
            assertFalse(guest.hasNext());
            servesOn(guest);
        }
    }

    @Test
    void otherSocketTypesAreRefused() throws Exception {
        try (RawGuest guest = guest(64)) {
            guest.header(OP_REQUEST, 0);
            guest.memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, PACKET + 28, (short) 2);
            guest.send(44);
            assertEquals(OP_RST, guest.next().op());
            servesOn(guest);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {OP_RESPONSE, OP_SHUTDOWN, OP_RW, OP_CREDIT_UPDATE, OP_CREDIT_REQUEST, 0, 8, 65535})
    void packetsOfUnknownConnectionsAreReset(int op) throws Exception {
        try (RawGuest guest = guest(64)) {
            guest.sendControl(op);
            RawGuest.Packet answer = guest.next();
            assertEquals(OP_RST, answer.op());
            assertEquals(RawGuest.GUEST_PORT, answer.guestPort());
            assertEquals(PORT, answer.hostPort());
            servesOn(guest);
        }
    }

    @Test
    void unknownOperationsOfAConnectionDoNothing() throws Exception {
        try (RawGuest guest = guest(64);
                GuestStream stream = connect(guest, listener, RawGuest.GUEST_PORT)) {
            guest.sendControl(0);
            guest.sendControl(8);
            guest.sendControl(65535);
            guest.sendControl(OP_RESPONSE);
            assertFalse(guest.hasNext());
            stream.output().write(1);
            assertEquals(OP_RW, guest.next().op());
        }
    }

    @Test
    void creditThatIsIgnoredEndsOneStream() throws Exception {
        try (RawGuest guest = guest(64)) {
            GuestStream stream = connect(guest, listener, RawGuest.GUEST_PORT);
            GuestStream other = connect(guest, listener, 10);
            int fit = ReceiveBuffer.CAPACITY / 60_000;
            for (int i = 0; i < fit + 1; i++) {
                guest.header(OP_RW, 60_000);
                guest.send(60_044);
            }
            RawGuest.Packet answer = guest.next();
            assertEquals(OP_RST, answer.op());
            assertEquals(RawGuest.GUEST_PORT, answer.guestPort());
            assertEquals(fit * 60_000, stream.input().readNBytes(fit * 60_000).length);
            IOException failure =
                    assertThrows(IOException.class, () -> stream.input().read());
            assertTrue(failure.toString().contains("credit"), failure::toString);
            other.output().write(1);
            assertEquals(OP_RW, guest.next().op());
            other.close();
        }
    }

    @Test
    void requestOfAConnectionThatExistsEndsIt() throws Exception {
        try (RawGuest guest = guest(64)) {
            GuestStream stream = connect(guest, listener, RawGuest.GUEST_PORT);
            guest.sendControl(OP_REQUEST);
            assertEquals(OP_RST, guest.next().op());
            assertThrows(IOException.class, () -> stream.input().read());
            servesOn(guest);
        }
    }

    @Test
    void absurdCreditIsHarmless() throws Exception {
        try (RawGuest guest = guest(64)) {
            GuestStream stream = connect(guest, listener, RawGuest.GUEST_PORT);
            int[][] values = {{0, -1}, {-1, 1 << 31}, {Integer.MIN_VALUE, 5}, {0, 0}, {-1, 0}};
            for (int[] value : values) {
                guest.header(OP_CREDIT_UPDATE, 0);
                guest.memory.set(ValueLayout.JAVA_INT_UNALIGNED, PACKET + 36, value[0]);
                guest.memory.set(ValueLayout.JAVA_INT_UNALIGNED, PACKET + 40, value[1]);
                guest.send(44);
            }
            stream.output().write(new byte[100]);
            assertEquals(100, guest.next().length());
            stream.close();
        }
    }

    @Test
    void acceptsNoMoreThan4096Connections() throws Exception {
        try (RawGuest guest = guest(64)) {
            for (int i = 0; i < Connections.MAX; i++) {
                connect(guest, listener, 10_000 + i);
            }
            guest.header(OP_REQUEST, 0, 0, PORT, 9);
            guest.send(44);
            assertEquals(OP_RST, guest.next().op());
            IOException failure = assertThrows(IOException.class, () -> endpoint.open(1, Duration.ofSeconds(5)));
            assertTrue(failure.toString().contains("4096"), failure::toString);
            guest.header(OP_RST, 0, 0, PORT, 10_000);
            guest.send(44);
            connect(guest, listener, 9);
        }
    }

    @Test
    void floodOfResetsIsTaken() throws Exception {
        try (RawGuest guest = guest(64)) {
            guest.header(OP_RST, 0, 0, 1, 1);
            guest.flood(100_000);
            assertFalse(guest.hasNext());
            servesOn(guest);
        }
    }

    @Test
    void floodOfCreditRequestsWithoutBuffersWaitsAsOne() throws Exception {
        try (RawGuest guest = guest(1)) {
            GuestStream stream = connect(guest, listener, RawGuest.GUEST_PORT);
            // The one buffer was given back by next(): use it up.
            stream.output().write(1);
            guest.header(OP_CREDIT_REQUEST, 0);
            guest.flood(100_000);
            assertEquals(OP_RW, guest.next().op());
            assertEquals(OP_CREDIT_UPDATE, guest.next().op());
            stream.output().write(1);
            assertEquals(OP_RW, guest.next().op(), "one update was enough");
        }
    }

    /** Answers that find no buffer are bounded by taking nothing more, and all is well once there are buffers. */
    @Test
    void floodOfRequestsWithoutBuffersIsHeldBack() throws Exception {
        try (RawGuest guest = guest(0)) {
            int flood = ReceiveQueue.BACKLOG_LIMIT + TestMonitor.QUEUE_SIZE / 2;
            int sent = 0;
            int taken = 0;
            guest.header(OP_REQUEST, 0, 0, 1, 1);
            while (sent < flood) {
                while (sent < flood && guest.transmit.free() > 0) {
                    guest.transmit.add(new long[] {PACKET}, new int[] {44}, 1);
                    sent++;
                }
                guest.kickTransmit();
                while (guest.transmit.poll()) {
                    taken++;
                }
            }
            while (taken < ReceiveQueue.BACKLOG_LIMIT) {
                taken += guest.transmit.poll() ? 1 : 0;
            }
            // Its kick is served after the flood's, so what was to be taken has been.
            endpointAnswersItsMonitor(guest);
            assertFalse(guest.transmit.poll(), "the device takes more than it can answer");
            guest.addBuffers(64);
            guest.kickReceive();
            for (int i = 0; i < flood; i++) {
                assertEquals(OP_RST, guest.next().op());
            }
            while (taken < flood) {
                taken += guest.transmit.poll() ? 1 : 0;
            }
            servesOn(guest);
        }
    }

    private static void endpointAnswersItsMonitor(RawGuest guest) throws Exception {
        guest.monitor.ask(VhostUser.GET_FEATURES);
        guest.monitor.ask(VhostUser.GET_FEATURES);
    }

    @Test
    void endlessTrafficDoesNotKeepTheEndpointFromClosing() throws Exception {
        try (RawGuest guest = guest(64)) {
            guest.header(OP_RST, 0, 0, 1, 1);
            for (int i = 0; i < TestMonitor.QUEUE_SIZE; i++) {
                guest.transmit.add(new long[] {PACKET}, new int[] {44}, 1);
            }
            // The index runs ahead of the device for ever, by less than the queue is long.
            Thread driver = Thread.ofPlatform().start(() -> {
                int index = TestMonitor.QUEUE_SIZE;
                long used = RawGuest.DESCRIPTORS + TestMonitor.USED + 2;
                while (!Thread.currentThread().isInterrupted()) {
                    int done = guest.memory.get(ValueLayout.JAVA_SHORT, used) & 0xffff;
                    index = done + TestMonitor.QUEUE_SIZE - 1;
                    guest.transmit.setAvailIndex(index);
                }
            });
            guest.kickTransmit();
            endpointAnswersItsMonitor(guest);
            long began = System.nanoTime();
            endpoint.close();
            assertTrue(System.nanoTime() - began < 1_000_000_000L, "closing took more than a second");
            assertTrue(endpoint.isGone(), "the device's thread is still there");
            driver.interrupt();
            driver.join();
        }
    }

    /** Flips bits in rings and packets of running devices; whatever comes of it is the guest's own fault. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void survivesRandomMutation(long seed) throws Exception {
        listener.close();
        endpoint.close();
        Random random = new Random(seed);
        int stopped = 0;
        for (int round = 0; round < 150; round++) {
            endpoint =
                    VhostUserEndpoint.open("hostile", directory.resolve("s"), false, VhostUserTransport.CLOSE_TIMEOUT);
            listener = endpoint.listen(PORT);
            try (RawGuest guest = guest(128)) {
                if (mutate(guest, random)) {
                    stopped++;
                    String cause = cause();
                    assertTrue(cause.contains("the guest broke the virtio protocol"), cause);
                }
            }
            endpoint.close();
            assertTrue(endpoint.isGone(), "the device's thread is still there");
        }
        assertTrue(stopped > 20, "only " + stopped + " of 150 devices stopped: the test does not bite");
    }

    /** Whether the device stopped. */
    private boolean mutate(RawGuest guest, Random random) throws Exception {
        for (int i = 0; i < 200; i++) {
            long at = PACKET + 256L * i;
            int op = i == 0 ? OP_REQUEST : random.nextInt(8);
            TestGuest.header(guest.memory, at, PORT, RawGuest.GUEST_PORT + i / 50, op, 0, 32, 0);
            guest.transmit.add(new long[] {at}, new int[] {76}, 1);
        }
        guest.kickTransmit();
        Thread reader = Thread.startVirtualThread(() -> {
            try (GuestStream stream = listener.accept()) {
                stream.output().write(new byte[100_000]);
                stream.input().readAllBytes();
            } catch (IOException | InterruptedException e) {
                // The stream's end is as hostile as its guest.
            }
        });
        for (int step = 0; step < 2000 && !endpoint.isStopped(); step++) {
            long from = random.nextInt(4) == 0 ? PACKET : TestMonitor.RINGS;
            long at = from + random.nextInt((int) (2 * TestMonitor.RING_STRIDE));
            byte old = guest.memory.get(ValueLayout.JAVA_BYTE, at);
            guest.memory.set(ValueLayout.JAVA_BYTE, at, (byte) (old ^ 1 << random.nextInt(8)));
            if (step % 8 == 0) {
                guest.transmit.publish(random.nextInt(256));
                guest.kickTransmit();
                guest.kickReceive();
            }
        }
        reader.interrupt();
        reader.join();
        return endpoint.isStopped();
    }
}
