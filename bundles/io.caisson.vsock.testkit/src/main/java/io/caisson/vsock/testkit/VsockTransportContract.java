package io.caisson.vsock.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.vsock.api.GuestStream;
import io.caisson.vsock.api.VsockEndpoint;
import io.caisson.vsock.api.VsockListener;
import io.caisson.vsock.api.VsockTransport;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
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

/** What every vsock transport does. A transport's test extends this. */
@Timeout(120)
public abstract class VsockTransportContract {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final int PORT = 1024;

    /** How long whatever waits may take to notice that the guest has gone. */
    private static final Duration NOTICED = Duration.ofSeconds(1);

    @TempDir
    private Path directory;

    private VsockEndpoint endpoint;
    private final List<AutoCloseable> opened = new ArrayList<>();

    /** The transport under test. */
    protected abstract VsockTransport transport();

    /** Starts a guest on an endpoint; it may still be booting when this returns. */
    protected abstract GuestPeer boot(VsockEndpoint endpoint) throws Exception;

    /** The endpoint of the test that runs. */
    protected final VsockEndpoint endpoint() {
        return endpoint;
    }

    /** Boots a guest for the test that runs. */
    protected final GuestPeer guest() throws Exception {
        GuestPeer guest = boot(endpoint);
        opened.add(guest);
        return guest;
    }

    @BeforeEach
    final void prepareEndpoint() {
        endpoint = transport().prepare("contract", directory);
    }

    @AfterEach
    final void leavesNothing() throws Exception {
        for (AutoCloseable each : opened.reversed()) {
            each.close();
        }
        endpoint.close();
        for (Thread each : Thread.getAllStackTraces().keySet()) {
            if (each.getName().startsWith("caisson-contract-")) {
                assertTrue(each.join(Duration.ofSeconds(1)), () -> each + " is left");
            }
        }
    }

    // ---- helpers

    /** Runs something in a virtual thread of its own. */
    private static <T> FutureTask<T> start(Callable<T> work) {
        return start(work, new Thread[1]);
    }

    private static <T> FutureTask<T> start(Callable<T> work, Thread[] thread) {
        FutureTask<T> task = new FutureTask<>(work);
        thread[0] = Thread.ofVirtual().start(task);
        return task;
    }

    private static <T> T result(FutureTask<T> task) throws Exception {
        return task.get(60, TimeUnit.SECONDS);
    }

    /** What a task failed with, which it must within so long. */
    private static Throwable failure(FutureTask<?> task, Duration within) {
        ExecutionException thrown = assertThrows(
                ExecutionException.class, () -> task.get(within.toMillis(), TimeUnit.MILLISECONDS), "did not fail");
        Throwable cause = thrown.getCause();
        return cause == null ? thrown : cause;
    }

    /** A thread that is in a blocking call, as far as can be seen from outside. */
    private static void awaitBlocked(Thread thread) throws InterruptedException {
        while (thread.getState() != Thread.State.WAITING && thread.getState() != Thread.State.TIMED_WAITING) {
            assertFalse(thread.join(Duration.ofMillis(1)), "ended without blocking");
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] readFully(GuestPeer.Socket socket, int length) throws Exception {
        byte[] bytes = new byte[length];
        int at = 0;
        while (at < length) {
            int n = socket.read(bytes, at, length - at);
            assertTrue(n > 0, "the stream ended after " + at + " bytes");
            at += n;
        }
        return bytes;
    }

    /** Both ends of a stream that the host opened. */
    private record Ends(GuestStream host, GuestPeer.Socket guest) {}

    private Ends openToGuest(GuestPeer guest, int port) throws Exception {
        GuestPeer.Listening listening = guest.listen(port);
        opened.add(listening);
        GuestStream host = endpoint.open(port, LONG);
        return new Ends(host, listening.accept());
    }

    private Ends openFromGuest(GuestPeer guest, int port) throws Exception {
        try (VsockListener listener = endpoint.listen(port)) {
            FutureTask<GuestPeer.Socket> connecting = start(() -> guest.connect(port));
            GuestStream host = listener.accept();
            return new Ends(host, result(connecting));
        }
    }

    private Ends ends(GuestPeer guest, boolean fromGuest) throws Exception {
        return fromGuest ? openFromGuest(guest, PORT) : openToGuest(guest, PORT);
    }

    /** A writer that has filled everything there is to fill and now waits. */
    private static FutureTask<Void> blockedWriter(GuestStream stream, Thread[] thread) throws Exception {
        FutureTask<Void> writer = start(
                () -> {
                    byte[] bytes = new byte[1 << 16];
                    while (true) {
                        stream.output().write(bytes);
                    }
                },
                thread);
        awaitBlocked(thread[0]);
        return writer;
    }

    private static FutureTask<Integer> blockedReader(GuestStream stream, Thread[] thread) throws Exception {
        FutureTask<Integer> reader = start(() -> stream.input().read(), thread);
        awaitBlocked(thread[0]);
        return reader;
    }

    // ---- opening

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void carriesBytesBothWays(boolean fromGuest) throws Exception {
        Ends ends = ends(guest(), fromGuest);
        ends.host().output().write(ascii("to the guest"));
        assertArrayEquals(ascii("to the guest"), readFully(ends.guest(), 12));
        ends.guest().write(ascii("to the host"), 0, 11);
        assertArrayEquals(ascii("to the host"), ends.host().input().readNBytes(11));
        ends.host().output().write(255);
        ends.guest().write(new byte[] {(byte) 255}, 0, 1);
        assertEquals(255, ends.host().input().read());
        assertArrayEquals(new byte[] {(byte) 255}, readFully(ends.guest(), 1));
        ends.host().close();
    }

    @Test
    void waitsForAGuestThatIsNotThereYet() throws Exception {
        Thread[] opener = new Thread[1];
        FutureTask<GuestStream> opening = start(() -> endpoint.open(PORT, LONG), opener);
        awaitBlocked(opener[0]);
        GuestPeer guest = guest();
        opened.add(guest.listen(PORT));
        result(opening).close();
    }

    @Test
    void waitsForAGuestThatDoesNotListenYet() throws Exception {
        GuestPeer guest = guest();
        Ends up = openToGuest(guest, PORT + 1);
        Thread[] opener = new Thread[1];
        FutureTask<GuestStream> opening = start(() -> endpoint.open(PORT, LONG), opener);
        awaitBlocked(opener[0]);
        assertFalse(opening.isDone());
        opened.add(guest.listen(PORT));
        result(opening).close();
        up.host().close();
    }

    @Test
    void givesUpWhenNoGuestComes() {
        long began = System.nanoTime();
        assertThrows(SocketTimeoutException.class, () -> endpoint.open(PORT, Duration.ofMillis(200)));
        assertTrue(System.nanoTime() - began >= 200_000_000L);
    }

    @Test
    void givesUpWhenTheGuestNeverListens() throws Exception {
        GuestPeer guest = guest();
        openToGuest(guest, PORT + 1).host().close();
        assertThrows(SocketTimeoutException.class, () -> endpoint.open(PORT, Duration.ofMillis(200)));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void stopsOpeningWhenInterrupted(boolean booted) throws Exception {
        if (booted) {
            openToGuest(guest(), PORT + 1).host().close();
        }
        Thread[] opener = new Thread[1];
        FutureTask<GuestStream> opening = start(() -> endpoint.open(PORT, LONG), opener);
        awaitBlocked(opener[0]);
        opener[0].interrupt();
        assertInstanceOf(InterruptedException.class, failure(opening, NOTICED));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1})
    void refusesPortsThatAreNone(int port) {
        assertEquals(
                ErrorKind.INVALID_ARGUMENT,
                assertThrows(CaissonException.class, () -> endpoint.open(port, LONG))
                        .kind());
        assertEquals(
                ErrorKind.INVALID_ARGUMENT,
                assertThrows(CaissonException.class, () -> endpoint.listen(port))
                        .kind());
    }

    @Test
    void takesPortsAboveTwoToThe31() throws Exception {
        GuestPeer guest = guest();
        Ends out = openToGuest(guest, 0xfffffff0);
        out.host().output().write(7);
        assertArrayEquals(new byte[] {7}, readFully(out.guest(), 1));
        Ends in = openFromGuest(guest, 0x80000000);
        in.guest().write(new byte[] {8}, 0, 1);
        assertEquals(8, in.host().input().read());
    }

    // ---- listening

    @Test
    void refusesGuestsOnPortsThatNobodyListensOn() throws Exception {
        GuestPeer guest = guest();
        assertThrows(ConnectException.class, () -> guest.connect(PORT));
        try (VsockListener listener = endpoint.listen(PORT)) {
            FutureTask<GuestStream> accepting = start(listener::accept);
            guest.connect(PORT).close();
            result(accepting).close();
        }
        assertThrows(ConnectException.class, () -> guest.connect(PORT), "after the listener was closed");
    }

    @Test
    void givesAPortToOneListenerAtATime() {
        VsockListener listener = endpoint.listen(PORT);
        CaissonException failure = assertThrows(CaissonException.class, () -> endpoint.listen(PORT));
        assertEquals(ErrorKind.EXISTS, failure.kind());
        listener.close();
        endpoint.listen(PORT).close();
    }

    @Test
    void keepsAcceptedStreamsWhenTheListenerCloses() throws Exception {
        Ends ends = openFromGuest(guest(), PORT);
        ends.guest().write(ascii("on"), 0, 2);
        assertArrayEquals(ascii("on"), ends.host().input().readNBytes(2));
    }

    @Test
    void wakesWhoAcceptsWhenTheListenerCloses() throws Exception {
        VsockListener listener = endpoint.listen(PORT);
        Thread[] acceptor = new Thread[1];
        FutureTask<GuestStream> accepting = start(listener::accept, acceptor);
        awaitBlocked(acceptor[0]);
        listener.close();
        assertInstanceOf(IOException.class, failure(accepting, NOTICED));
        listener.close();
        assertThrows(IOException.class, listener::accept);
    }

    @Test
    void stopsAcceptingWhenInterrupted() throws Exception {
        try (VsockListener listener = endpoint.listen(PORT)) {
            Thread[] acceptor = new Thread[1];
            FutureTask<GuestStream> accepting = start(listener::accept, acceptor);
            awaitBlocked(acceptor[0]);
            acceptor[0].interrupt();
            assertInstanceOf(InterruptedException.class, failure(accepting, NOTICED));
        }
    }

    @Test
    void lets128GuestsWaitToBeAccepted() throws Exception {
        GuestPeer guest = guest();
        try (VsockListener listener = endpoint.listen(PORT)) {
            List<GuestPeer.Socket> sockets = new ArrayList<>();
            for (int i = 0; i < 128; i++) {
                sockets.add(guest.connect(PORT));
            }
            assertThrows(ConnectException.class, () -> guest.connect(PORT));
            for (int i = 0; i < 128; i++) {
                sockets.get(i).write(new byte[] {(byte) i}, 0, 1);
                try (GuestStream stream = listener.accept()) {
                    assertEquals(i, stream.input().read());
                }
            }
            guest.connect(PORT).close();
        }
    }

    // ---- ending

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void halfClosesFromTheHost(boolean fromGuest) throws Exception {
        Ends ends = ends(guest(), fromGuest);
        ends.host().output().write(ascii("last"));
        ends.host().shutdownOutput();
        ends.host().shutdownOutput();
        assertArrayEquals(ascii("last"), readFully(ends.guest(), 4));
        assertEquals(-1, ends.guest().read(new byte[1], 0, 1));
        assertThrows(IOException.class, () -> ends.host().output().write(1));
        ends.guest().write(ascii("still"), 0, 5);
        assertArrayEquals(ascii("still"), ends.host().input().readNBytes(5));
        ends.guest().close();
        assertEquals(-1, ends.host().input().read());
        ends.host().close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void halfClosesFromTheGuest(boolean fromGuest) throws Exception {
        Ends ends = ends(guest(), fromGuest);
        ends.guest().write(ascii("last"), 0, 4);
        ends.guest().shutdownOutput();
        assertArrayEquals(ascii("last"), ends.host().input().readNBytes(4));
        assertEquals(-1, ends.host().input().read());
        assertEquals(-1, ends.host().input().read());
        ends.host().output().write(ascii("still"));
        assertArrayEquals(ascii("still"), readFully(ends.guest(), 5));
        ends.host().close();
        assertEquals(-1, ends.guest().read(new byte[1], 0, 1));
    }

    @Test
    void deliversWhatWasWrittenBeforeClose() throws Exception {
        Ends ends = openToGuest(guest(), PORT);
        byte[] bytes = new byte[100_000];
        Pattern.fill(bytes, bytes.length, 0);
        ends.host().output().write(bytes);
        ends.host().close();
        ends.host().close();
        assertArrayEquals(bytes, readFully(ends.guest(), bytes.length));
        assertEquals(-1, ends.guest().read(new byte[1], 0, 1));
        assertThrows(IOException.class, () -> ends.host().output().write(1));
        assertThrows(IOException.class, () -> ends.host().input().read());
    }

    @Test
    void deliversWhatTheGuestWroteBeforeItClosed() throws Exception {
        Ends ends = openToGuest(guest(), PORT);
        byte[] bytes = new byte[50_000];
        Pattern.fill(bytes, bytes.length, 0);
        ends.guest().write(bytes, 0, bytes.length);
        ends.guest().close();
        assertArrayEquals(bytes, ends.host().input().readAllBytes());
        assertThrows(IOException.class, () -> {
            while (true) {
                ends.host().output().write(bytes);
            }
        });
        ends.host().close();
    }

    @Test
    void resetsAbruptly() throws Exception {
        Ends ends = openToGuest(guest(), PORT);
        ends.host().reset();
        ends.host().reset();
        assertThrows(IOException.class, () -> ends.host().output().write(1));
        assertThrows(IOException.class, () -> ends.host().input().read());
        int end;
        try {
            end = ends.guest().read(new byte[1], 0, 1);
        } catch (IOException broken) {
            end = -1;
        }
        assertEquals(-1, end, "a guest sees a reset as an error or, as Linux does, as the end");
    }

    // ---- being woken

    @ParameterizedTest
    @ValueSource(strings = {"close", "reset", "interrupt", "death", "endpoint"})
    void wakesABlockedReader(String by) throws Exception {
        GuestPeer guest = guest();
        Ends ends = openToGuest(guest, PORT);
        Thread[] thread = new Thread[1];
        FutureTask<Integer> reader = blockedReader(ends.host(), thread);
        disturb(by, guest, ends.host(), thread[0]);
        Throwable failure = failure(reader, NOTICED);
        assertInstanceOf(IOException.class, failure);
        assertEquals(by.equals("interrupt"), failure instanceof InterruptedIOException);
    }

    @ParameterizedTest
    @ValueSource(strings = {"close", "reset", "interrupt", "death", "endpoint"})
    void wakesABlockedWriter(String by) throws Exception {
        GuestPeer guest = guest();
        Ends ends = openToGuest(guest, PORT);
        Thread[] thread = new Thread[1];
        FutureTask<Void> writer = blockedWriter(ends.host(), thread);
        disturb(by, guest, ends.host(), thread[0]);
        Throwable failure = failure(writer, NOTICED);
        assertInstanceOf(IOException.class, failure);
        assertEquals(by.equals("interrupt"), failure instanceof InterruptedIOException);
    }

    @ParameterizedTest
    @ValueSource(strings = {"death", "endpoint"})
    void wakesWhoOpensOrAccepts(String by) throws Exception {
        GuestPeer guest = guest();
        Ends ends = openToGuest(guest, PORT + 1);
        Thread[] opener = new Thread[1];
        FutureTask<GuestStream> opening = start(() -> endpoint.open(PORT, LONG), opener);
        VsockListener listener = endpoint.listen(PORT);
        Thread[] acceptor = new Thread[1];
        FutureTask<GuestStream> accepting = start(listener::accept, acceptor);
        awaitBlocked(opener[0]);
        awaitBlocked(acceptor[0]);
        disturb(by, guest, ends.host(), opener[0]);
        assertInstanceOf(IOException.class, failure(opening, NOTICED));
        assertInstanceOf(IOException.class, failure(accepting, NOTICED));
        assertThrows(IOException.class, () -> endpoint.open(PORT, LONG));
    }

    private void disturb(String by, GuestPeer guest, GuestStream stream, Thread thread) {
        switch (by) {
            case "close" -> stream.close();
            case "reset" -> stream.reset();
            case "interrupt" -> thread.interrupt();
            case "death" -> guest.die();
            case "endpoint" -> endpoint.close();
            default -> throw new IllegalArgumentException(by);
        }
    }

    @Test
    void deliversWhatArrivedBeforeTheGuestDied() throws Exception {
        GuestPeer guest = guest();
        Ends ends = openToGuest(guest, PORT);
        ends.guest().write(ascii("last words"), 0, 10);
        assertEquals('l', ends.host().input().read());
        guest.die();
        assertArrayEquals(ascii("ast words"), ends.host().input().readNBytes(9));
        assertThrows(IOException.class, () -> ends.host().input().read());
    }

    @Test
    void closesTwice() {
        endpoint.close();
        endpoint.close();
        assertThrows(IOException.class, () -> endpoint.open(PORT, LONG));
        assertThrows(CaissonException.class, () -> endpoint.listen(PORT));
    }

    // ---- flow

    @Test
    void makesTheGuestWaitForASlowReader() throws Exception {
        Ends ends = openToGuest(guest(), PORT);
        long total = 4 << 20;
        Thread[] thread = new Thread[1];
        FutureTask<Void> writer = start(
                () -> {
                    send(ends.guest()::write, total);
                    ends.guest().close();
                    return null;
                },
                thread);
        awaitBlocked(thread[0]);
        assertFalse(writer.isDone(), "4 MiB went though nobody reads");
        assertEquals(total, receive(ends.host().input()::read));
        result(writer);
    }

    @Test
    void makesTheHostWaitForASlowGuest() throws Exception {
        Ends ends = openToGuest(guest(), PORT);
        long total = 4 << 20;
        Thread[] thread = new Thread[1];
        FutureTask<Void> writer = start(
                () -> {
                    send(ends.host().output()::write, total);
                    ends.host().close();
                    return null;
                },
                thread);
        awaitBlocked(thread[0]);
        assertFalse(writer.isDone(), "4 MiB went though nobody reads");
        assertEquals(total, receive(ends.guest()::read));
        result(writer);
    }

    @Test
    void oneSlowReaderDoesNotHoldUpAnother() throws Exception {
        GuestPeer guest = guest();
        Ends slow = openToGuest(guest, PORT);
        Thread[] thread = new Thread[1];
        FutureTask<Void> writer = start(
                () -> {
                    send(slow.guest()::write, 1 << 20);
                    return null;
                },
                thread);
        awaitBlocked(thread[0]);
        Ends quick = openToGuest(guest, PORT + 1);
        quick.guest().write(ascii("quick"), 0, 5);
        assertArrayEquals(ascii("quick"), quick.host().input().readNBytes(5));
        slow.host().reset();
        assertInstanceOf(IOException.class, failure(writer, NOTICED));
    }

    @Test
    void carriesLargeStreamsBothWaysAtOnce() throws Exception {
        Ends ends = openToGuest(guest(), PORT);
        long total = largeStreamBytes();
        FutureTask<Void> down = start(() -> {
            send(ends.host().output()::write, total);
            ends.host().shutdownOutput();
            return null;
        });
        FutureTask<Void> up = start(() -> {
            send(ends.guest()::write, total);
            ends.guest().shutdownOutput();
            return null;
        });
        FutureTask<Long> atGuest = start(() -> receive(ends.guest()::read));
        assertEquals(total, receive(ends.host().input()::read));
        assertEquals(total, result(atGuest));
        result(down);
        result(up);
    }

    /** How much {@link #carriesLargeStreamsBothWaysAtOnce} sends in each direction. */
    protected long largeStreamBytes() {
        return 64L << 20;
    }

    @Test
    void carriesHundredsOfStreamsAtOnce() throws Exception {
        int count = 300;
        GuestPeer guest = guest();
        GuestPeer.Listening listening = guest.listen(PORT);
        opened.add(listening);
        FutureTask<Void> echo = start(() -> {
            for (int i = 0; i < count; i++) {
                GuestPeer.Socket socket = listening.accept();
                Thread.startVirtualThread(() -> echo(socket));
            }
            return null;
        });
        CountDownLatch all = new CountDownLatch(count);
        List<FutureTask<Void>> tasks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] message = ascii("stream " + i);
            tasks.add(start(() -> {
                try (GuestStream stream = endpoint.open(PORT, LONG)) {
                    all.countDown();
                    assertTrue(all.await(60, TimeUnit.SECONDS), "not all are open at once");
                    for (int round = 0; round < 5; round++) {
                        stream.output().write(message);
                        assertArrayEquals(message, stream.input().readNBytes(message.length));
                    }
                }
                return null;
            }));
        }
        for (FutureTask<Void> each : tasks) {
            result(each);
        }
        result(echo);
    }

    private static void echo(GuestPeer.Socket socket) {
        byte[] bytes = new byte[4096];
        try (socket) {
            int n;
            while ((n = socket.read(bytes, 0, bytes.length)) > 0) {
                socket.write(bytes, 0, n);
            }
        } catch (IOException | InterruptedException e) {
            // The other end finds its echo missing.
        }
    }

    private interface Sink {
        void write(byte[] bytes, int offset, int length) throws Exception;
    }

    private interface Source {
        int read(byte[] bytes, int offset, int length) throws Exception;
    }

    private static void send(Sink sink, long total) throws Exception {
        byte[] bytes = new byte[1 << 16];
        for (long at = 0; at < total; ) {
            int n = (int) Math.min(bytes.length - (at & 0xfff), total - at);
            Pattern.fill(bytes, n, at);
            sink.write(bytes, 0, n);
            at += n;
        }
    }

    /** Reads to the end, checking every byte; returns how many there were. */
    private static long receive(Source source) throws Exception {
        byte[] bytes = new byte[50_000];
        long at = 0;
        int n;
        while ((n = source.read(bytes, 0, bytes.length)) >= 0) {
            assertTrue(Pattern.matches(bytes, n, at), "wrong bytes between " + at + " and " + (at + n));
            at += n;
        }
        return at;
    }
}
