package io.caisson.guest.grpc.provider;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
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
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class StdioInputTest {
    private static final ThreadFactory THREADS =
            Thread.ofVirtual().name("stdin-test-", 0).factory();

    /** A guest that takes what the host sends and acknowledges each piece, as caisson-init does. */
    private static class ReadingGuest extends FakeStdio {
        private final ByteArrayOutputStream received = new ByteArrayOutputStream();
        final CompletableFuture<byte[]> whole = new CompletableFuture<>();
        private int attached;

        ReadingGuest(Supplier<StreamPair> pairs) {
            super(pairs);
        }

        @Override
        void serve(StdioAttach attach, GuestStream connection) throws IOException {
            int generation;
            synchronized (this) {
                generation = ++attached;
                if (whole.isDone()) {
                    answer(connection, Status.STATUS_ENDED, 0);
                    connection.close();
                    return;
                }
            }
            answer(connection, Status.STATUS_OK, size());
            byte[] buffer = new byte[2000];
            while (true) {
                int count = connection.input().read(buffer);
                synchronized (this) {
                    if (generation != attached) {
                        connection.reset();
                        return;
                    }
                    received.write(buffer, 0, Math.max(0, count));
                }
                connection
                        .output()
                        .write(ByteBuffer.allocate(8)
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .putLong(size())
                                .array());
                if (count < 0) {
                    connection.shutdownOutput();
                    whole.complete(bytes());
                    return;
                }
            }
        }

        private synchronized int size() {
            return received.size();
        }

        synchronized byte[] bytes() {
            return received.toByteArray();
        }
    }

    private static StdioInput input(FakeStdio guest) throws Exception {
        return new StdioInput(guest.attacher(StdioStream.STDIO_STREAM_STDIN), THREADS);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void losesAndRepeatsNoByteWhereverConnectionsBreak(long seed) throws Exception {
        var random = new Random(seed);
        byte[] bytes = new byte[1_500_000];
        random.nextBytes(bytes);
        try (var guest = new ReadingGuest(() -> new StreamPair(400 + random.nextInt(120_000)))) {
            StdioInput input = input(guest);
            int at = 0;
            while (at < bytes.length) {
                int count = Math.min(1 + random.nextInt(90_000), bytes.length - at);
                input.write(bytes, at, count);
                at += count;
            }
            input.close();
            assertArrayEquals(bytes, guest.whole.get(30, TimeUnit.SECONDS));
            assertTrue(guest.attachments.get() > 10, "connections broke: " + guest.attachments);
        }
    }

    @Test
    void endsAnInputOfNothing() throws Exception {
        try (var guest = new ReadingGuest(StreamPair::new)) {
            input(guest).close();
            assertArrayEquals(new byte[0], guest.whole.get(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void writingFailsWhenTheProcessNoLongerReads() throws Exception {
        try (var guest = new FakeStdio(StreamPair::new) {
            @Override
            void serve(StdioAttach attach, GuestStream connection) throws IOException {
                answer(connection, Status.STATUS_OK, 0);
                connection.input().read();
                connection.shutdownOutput();
            }
        }) {
            StdioInput input = input(guest);
            IOException failure = assertThrows(IOException.class, () -> {
                while (true) {
                    input.write(new byte[1000]);
                }
            });
            assertEquals(
                    "writing stdin of process 'p' of container 'c': the process no longer reads it",
                    failure.getMessage());
            assertEquals(1, guest.attachments.get());
        }
    }

    @Test
    void refusesAcknowledgementsOfBytesNeverWritten() throws Exception {
        try (var guest = new FakeStdio(StreamPair::new) {
            @Override
            void serve(StdioAttach attach, GuestStream connection) throws IOException {
                answer(connection, Status.STATUS_OK, 0);
                connection.output().write(new byte[] {0, 0, 0, 0, 0, 0, 0, 1});
            }
        }) {
            StdioInput input = input(guest);
            IOException failure = assertThrows(IOException.class, () -> {
                while (true) {
                    input.write(new byte[1]);
                }
            });
            assertTrue(String.valueOf(failure.getMessage()).contains("lost"), failure.getMessage());
        }
    }

    @Test
    void anInterruptedWriteIsDeliveredAllTheSame() throws Exception {
        try (var guest = new ReadingGuest(StreamPair::new)) {
            StdioInput input = input(guest);
            byte[] first = new byte[100_000];
            Arrays.fill(first, (byte) 1);
            Thread.currentThread().interrupt();
            try {
                input.write(first);
            } catch (InterruptedIOException e) {
                Thread.interrupted();
            } finally {
                Thread.interrupted();
            }
            input.write(2);
            input.close();
            byte[] whole = guest.whole.get(10, TimeUnit.SECONDS);
            assertEquals(2, whole[whole.length - 1]);
            for (int i = 0; i < whole.length - 1; i++) {
                assertEquals(1, whole[i]);
            }
        }
    }

    @Test
    void abandoningWakesAWriter() throws Exception {
        try (var guest = new FakeStdio(StreamPair::new) {
            @Override
            void serve(StdioAttach attach, GuestStream connection) throws IOException {
                answer(connection, Status.STATUS_OK, 0);
            }
        }) {
            StdioInput input = input(guest);
            var failure = new CompletableFuture<Throwable>();
            Thread writer = Thread.ofVirtual().start(() -> {
                try {
                    input.write(new byte[10 << 20]);
                    failure.completeExceptionally(new AssertionError("all written"));
                } catch (IOException e) {
                    failure.complete(e);
                }
            });
            Threads.untilWaiting(writer);
            input.abandon();
            assertEquals(
                    "stdin of process 'p' of container 'c' is closed",
                    failure.get(10, TimeUnit.SECONDS).getMessage());
        }
    }
}
