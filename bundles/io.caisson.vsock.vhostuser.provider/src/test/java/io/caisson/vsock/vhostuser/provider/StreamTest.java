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
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The packets that a stream's life consists of (VIRTIO 1.2, section 5.10.6). */
@Timeout(60)
class StreamTest {
    private static final int PORT = RawGuest.HOST_PORT;
    private static final int GUEST_PORT = RawGuest.GUEST_PORT;

    @TempDir
    private Path directory;

    private Leaks leaks;
    private VhostUserEndpoint endpoint;
    private VsockListener listener;
    private RawGuest guest;

    @BeforeEach
    void prepare() throws Exception {
        leaks = new Leaks();
        endpoint = VhostUserEndpoint.open("stream", directory.resolve("s"), false, Duration.ofMillis(10));
        listener = endpoint.listen(PORT);
        guest = RawGuest.started(endpoint, 64);
    }

    @AfterEach
    void leavesNothing() throws Exception {
        endpoint.close();
        guest.close();
        leaks.check();
    }

    private GuestStream connect() throws Exception {
        guest.sendControl(OP_REQUEST);
        RawGuest.Packet answer = guest.next();
        assertEquals(new RawGuest.Packet(PORT, GUEST_PORT, OP_RESPONSE, 0, 0, ReceiveBuffer.CAPACITY, 0), answer);
        return listener.accept();
    }

    private void payload(int bytes) throws IOException {
        guest.header(OP_RW, bytes);
        guest.send(44 + bytes);
    }

    private void credit(int bufAlloc, int fwdCnt) throws IOException {
        guest.header(OP_CREDIT_UPDATE, 0);
        guest.memory.set(ValueLayout.JAVA_INT_UNALIGNED, RawGuest.PACKET + 36, bufAlloc);
        guest.memory.set(ValueLayout.JAVA_INT_UNALIGNED, RawGuest.PACKET + 40, fwdCnt);
        guest.send(44);
    }

    private void shutdown(int flags) throws IOException {
        guest.header(OP_SHUTDOWN, flags, 0, PORT, GUEST_PORT);
        guest.send(44);
    }

    @Test
    void updatesCreditAfterAQuarterOfTheBuffer() throws Exception {
        GuestStream stream = connect();
        int quarter = ReceiveBuffer.CAPACITY / 4;
        payload(quarter + 100);
        stream.input().readNBytes(quarter - 1);
        assertFalse(guest.hasNext());
        stream.input().read();
        RawGuest.Packet update = guest.next();
        assertEquals(OP_CREDIT_UPDATE, update.op());
        assertEquals(quarter, update.fwdCnt());
        assertEquals(ReceiveBuffer.CAPACITY, update.bufAlloc());
        stream.input().readNBytes(100);
        stream.output().write(1);
        assertEquals(quarter + 100, guest.next().fwdCnt(), "payload carries credit too");
    }

    @Test
    void answersCreditRequests() throws Exception {
        GuestStream stream = connect();
        payload(10);
        stream.input().readNBytes(10);
        guest.sendControl(OP_CREDIT_REQUEST);
        RawGuest.Packet update = guest.next();
        assertEquals(OP_CREDIT_UPDATE, update.op());
        assertEquals(10, update.fwdCnt());
    }

    @Test
    void sendsNoMoreThanTheGuestHasRoomFor() throws Exception {
        GuestStream stream = connect();
        credit(50, 0);
        FutureTask<Void> writing = new FutureTask<>(() -> {
            stream.output().write(new byte[120]);
            return null;
        });
        Thread.startVirtualThread(writing);
        assertEquals(50, guest.next().length());
        credit(50, 30);
        assertEquals(30, guest.next().length());
        credit(40, 80);
        assertEquals(40, guest.next().length());
        writing.get(10, TimeUnit.SECONDS);
        assertFalse(guest.hasNext());
    }

    @Test
    void splitsPayloadByTheGuestsBuffers() throws Exception {
        GuestStream stream = connect();
        stream.output().write(new byte[10_000]);
        assertEquals(4096 - 44, guest.next().length());
        assertEquals(4096 - 44, guest.next().length());
        assertEquals(10_000 - 2 * (4096 - 44), guest.next().length());
    }

    @Test
    void acknowledgesTheGuestsFullShutdown() throws Exception {
        GuestStream stream = connect();
        payload(5);
        shutdown(3);
        assertEquals(OP_RST, guest.next().op());
        assertEquals(5, stream.input().readAllBytes().length);
        assertThrows(IOException.class, () -> stream.output().write(1));
        stream.shutdownOutput();
        stream.close();
        assertFalse(guest.hasNext(), "a connection that was acknowledged is over");
    }

    @Test
    void addsUpHalfShutdowns() throws Exception {
        GuestStream stream = connect();
        shutdown(2);
        assertEquals(-1, stream.input().read());
        stream.output().write(1);
        assertEquals(OP_RW, guest.next().op());
        shutdown(1);
        assertEquals(OP_RST, guest.next().op());
        assertThrows(IOException.class, () -> stream.output().write(1));
    }

    @Test
    void closesByShutdownAndForgetsOnReset() throws Exception {
        GuestStream stream = connect();
        stream.close();
        RawGuest.Packet shutdown = guest.next();
        assertEquals(OP_SHUTDOWN, shutdown.op());
        assertEquals(3, shutdown.flags());
        payload(5);
        guest.sendControl(OP_RST);
        guest.sendControl(OP_CREDIT_REQUEST);
        assertEquals(OP_RST, guest.next().op(), "the connection is unknown now");
        connect().close();
    }

    @Test
    void resetsAStreamWhoseEndIsNotAcknowledged() throws Exception {
        connect().close();
        assertEquals(OP_SHUTDOWN, guest.next().op());
        // The endpoint of this test gives the guest ten milliseconds, and looks once a second.
        assertEquals(OP_RST, guest.next().op());
        guest.sendControl(OP_CREDIT_REQUEST);
        assertEquals(OP_RST, guest.next().op());
    }

    @Test
    void deliversWhatCameBeforeAReset() throws Exception {
        GuestStream stream = connect();
        payload(5);
        guest.sendControl(OP_RST);
        assertEquals(5, stream.input().readNBytes(5).length);
        IOException failure =
                assertThrows(IOException.class, () -> stream.input().read());
        assertTrue(failure.toString().contains("the guest reset it"), failure::toString);
        assertTrue(failure.toString().contains("port 77"), failure::toString);
        assertThrows(IOException.class, stream::shutdownOutput);
    }

    @Test
    void resetsAnOpeningThatIsAnsweredTooLate() throws Exception {
        assertThrows(SocketTimeoutException.class, () -> endpoint.open(5, Duration.ofMillis(20)));
        RawGuest.Packet request = guest.next();
        assertEquals(OP_REQUEST, request.op());
        assertEquals(OP_RST, guest.next().op());
        guest.header(OP_RESPONSE, 0, 0, request.hostPort(), 5);
        guest.send(44);
        assertEquals(OP_RST, guest.next().op());
    }

    @Test
    void opensAgainAfterARefusal() throws Exception {
        FutureTask<GuestStream> opening = new FutureTask<>(() -> endpoint.open(5, Duration.ofSeconds(30)));
        Thread.startVirtualThread(opening);
        for (int i = 0; i < 5; i++) {
            RawGuest.Packet request = guest.next();
            assertEquals(OP_REQUEST, request.op());
            guest.header(OP_RST, 0, 0, request.hostPort(), 5);
            guest.send(44);
        }
        RawGuest.Packet request = guest.next();
        guest.header(OP_RESPONSE, 0, 0, request.hostPort(), 5);
        guest.send(44);
        opening.get(10, TimeUnit.SECONDS).close();
    }

    @Test
    void payloadBeforeAnAnswerIsARefusal() throws Exception {
        FutureTask<GuestStream> opening = new FutureTask<>(() -> endpoint.open(5, Duration.ofSeconds(30)));
        Thread.startVirtualThread(opening);
        RawGuest.Packet request = guest.next();
        guest.header(OP_RW, 0, 4, request.hostPort(), 5);
        guest.send(48);
        assertEquals(OP_RST, guest.next().op());
        assertEquals(OP_REQUEST, guest.next().op());
        endpoint.close();
    }

    @Test
    void reportsWhatCanBeReadAtOnce() throws Exception {
        GuestStream stream = connect();
        assertEquals(0, stream.input().available());
        payload(7);
        assertEquals(7, stream.input().available());
        assertEquals(0, stream.input().read(new byte[0]));
        assertThrows(IndexOutOfBoundsException.class, () -> stream.input().read(new byte[5], 3, 3));
        assertThrows(IndexOutOfBoundsException.class, () -> stream.output().write(new byte[5], 3, 3));
    }
}
