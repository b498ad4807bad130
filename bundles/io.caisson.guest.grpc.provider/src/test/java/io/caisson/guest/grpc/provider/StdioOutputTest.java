package io.caisson.guest.grpc.provider;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.guest.grpc.provider.proto.StdioAttach;
import io.caisson.guest.grpc.provider.proto.StdioAttached.Status;
import io.caisson.guest.grpc.provider.proto.StdioStream;
import io.caisson.vsock.api.GuestStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class StdioOutputTest {
    /** More than a pair buffers: some of it is read before the pair breaks. */
    private static final int LEAST_LIFE = 6000;

    /** A guest whose process wrote these bytes; keeps 256 KiB for a host that does not acknowledge. */
    private static final class WrittenGuest extends FakeStdio {
        private static final int KEPT = 256 << 10;

        private final byte[] written;
        private final boolean ends;
        private long acknowledged;

        WrittenGuest(byte[] written, boolean ends, Supplier<StreamPair> pairs) {
            super(pairs);
            this.written = written;
            this.ends = ends;
        }

        @Override
        void serve(StdioAttach attach, GuestStream connection) throws IOException {
            if (attach.getOffset() < acknowledged() || attach.getOffset() > written.length) {
                answer(connection, Status.STATUS_OUT_OF_RANGE, 0);
                connection.close();
                return;
            }
            answer(connection, Status.STATUS_OK, attach.getOffset());
            acknowledge(attach.getOffset());
            Thread.ofVirtual().start(() -> takeAcknowledgements(connection));
            int at = (int) attach.getOffset();
            while (at < written.length) {
                int count = Math.min(Math.min(3000, written.length - at), roomAfter(at));
                connection.output().write(written, at, count);
                at += count;
            }
            if (ends) {
                connection.shutdownOutput();
            }
        }

        private void takeAcknowledgements(GuestStream connection) {
            try {
                while (true) {
                    acknowledge(ByteBuffer.wrap(exactly(connection.input(), 8))
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .getLong());
                }
            } catch (IOException e) {
                connection.reset();
                synchronized (this) {
                    notifyAll();
                }
            }
        }

        synchronized long acknowledged() {
            return acknowledged;
        }

        private synchronized void acknowledge(long offset) {
            acknowledged = Math.max(acknowledged, offset);
            notifyAll();
        }

        private synchronized int roomAfter(int at) throws IOException {
            while (at - acknowledged >= KEPT) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    throw new InterruptedIOException();
                }
            }
            return (int) (KEPT - (at - acknowledged));
        }
    }

    private static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void losesAndRepeatsNoByteWhereverConnectionsBreak(long seed) throws Exception {
        var random = new Random(seed);
        byte[] written = random(1_500_000, seed);
        try (var guest = new WrittenGuest(written, true, () -> new StreamPair(LEAST_LIFE + random.nextInt(120_000)));
                var output = new StdioOutput(guest.attacher(StdioStream.STDIO_STREAM_STDOUT))) {
            var read = new ByteArrayOutputStream();
            byte[] buffer = new byte[100_000];
            while (true) {
                int count = output.read(buffer, 7, 1 + random.nextInt(90_000));
                if (count < 0) {
                    break;
                }
                read.write(buffer, 7, count);
            }
            assertArrayEquals(written, read.toByteArray());
            assertTrue(guest.attachments.get() > 10, "connections broke: " + guest.attachments);
        }
    }

    @Test
    void acknowledgesEverythingAtTheEnd() throws Exception {
        try (var guest = new WrittenGuest(random(300_000, 1), true, StreamPair::new);
                var output = new StdioOutput(guest.attacher(StdioStream.STDIO_STREAM_STDOUT))) {
            assertEquals(300_000, output.readAllBytes().length);
            assertEquals(-1, output.read());
            synchronized (guest) {
                while (guest.acknowledged() < 300_000) {
                    guest.wait();
                }
            }
        }
    }

    @Test
    void closingWakesAReader() throws Exception {
        try (var guest = new WrittenGuest(new byte[10], false, StreamPair::new)) {
            var output = new StdioOutput(guest.attacher(StdioStream.STDIO_STREAM_STDOUT));
            assertEquals(10, output.readNBytes(10).length);
            var failure = new CompletableFuture<Throwable>();
            Thread reader = Thread.ofVirtual().start(() -> {
                try {
                    failure.completeExceptionally(new AssertionError("read " + output.read()));
                } catch (IOException e) {
                    failure.complete(e);
                }
            });
            Threads.untilWaiting(reader);
            output.close();
            assertEquals(
                    "stdout of process 'p' of container 'c' is closed",
                    failure.get(10, TimeUnit.SECONDS).getMessage());
        }
    }

    @Test
    void anInterruptedReadLosesNothing() throws Exception {
        byte[] written = random(20, 3);
        var interrupted = new CompletableFuture<Void>();
        try (var guest = new FakeStdio(StreamPair::new) {
                    @Override
                    void serve(StdioAttach attach, GuestStream connection) throws IOException {
                        answer(connection, Status.STATUS_OK, attach.getOffset());
                        connection.output().write(written, 0, 5);
                        interrupted.join();
                        connection.output().write(written, 5, 15);
                        connection.shutdownOutput();
                    }
                };
                var output = new StdioOutput(guest.attacher(StdioStream.STDIO_STREAM_STDOUT))) {
            assertArrayEquals(Arrays.copyOf(written, 5), output.readNBytes(5));
            Thread.currentThread().interrupt();
            assertThrows(InterruptedIOException.class, output::read);
            assertFalse(Thread.interrupted());
            interrupted.complete(null);
            assertArrayEquals(Arrays.copyOfRange(written, 5, 20), output.readAllBytes());
            assertEquals(1, guest.attachments.get());
        }
    }

    @Test
    void givesUpWhenConnectionsKeepBreakingWithoutAByte() throws Exception {
        var read = new CompletableFuture<Void>();
        try (var guest = new FakeStdio(StreamPair::new) {
                    @Override
                    void serve(StdioAttach attach, GuestStream connection) throws IOException {
                        if (attach.getOffset() == 0) {
                            answer(connection, Status.STATUS_OK, 0);
                            connection.output().write(new byte[10]);
                            read.join();
                        }
                        connection.reset();
                    }
                };
                var output = new StdioOutput(guest.attacher(StdioStream.STDIO_STREAM_STDOUT))) {
            assertEquals(10, output.readNBytes(10).length);
            read.complete(null);
            assertEquals(
                    "reading stdout of process 'p' of container 'c': the connection to the guest is lost",
                    assertThrows(IOException.class, output::read).getMessage());
            assertEquals(3, guest.attachments.get());
        }
    }

    @Test
    void saysWhyTheGuestRefuses() {
        try (var guest = new FakeStdio(StreamPair::new) {
            @Override
            void serve(StdioAttach attach, GuestStream connection) throws IOException {
                answer(connection, Status.STATUS_NOT_FOUND, 0);
                connection.close();
            }
        }) {
            IOException refusal = assertThrows(
                    IOException.class, () -> new StdioOutput(guest.attacher(StdioStream.STDIO_STREAM_STDERR)));
            assertEquals(
                    Status.STATUS_NOT_FOUND,
                    assertInstanceOf(StdioAttacher.RefusedException.class, refusal)
                            .status());
            assertEquals("attaching to stderr of process 'p' of container 'c': the reason [31m", refusal.getMessage());
        }
    }

    @Test
    void refusesAnAnswerOfAbsurdLength() {
        try (var guest = new FakeStdio(StreamPair::new) {
            @Override
            void serve(StdioAttach attach, GuestStream connection) throws IOException {
                connection.output().write(new byte[] {-1, -1, -1, -1});
            }
        }) {
            IOException refusal = assertThrows(
                    IOException.class, () -> new StdioOutput(guest.attacher(StdioStream.STDIO_STREAM_STDOUT)));
            assertTrue(String.valueOf(refusal.getMessage()).contains("4294967295 bytes"), refusal.getMessage());
        }
    }
}
