package io.caisson.guest.grpc.provider;

import io.caisson.guest.api.GuestSecret;
import io.caisson.guest.grpc.provider.proto.StdioAttach;
import io.caisson.guest.grpc.provider.proto.StdioAttached;
import io.caisson.guest.grpc.provider.proto.StdioAttached.Status;
import io.caisson.guest.grpc.provider.proto.StdioStream;
import io.caisson.vsock.api.GuestStream;
import io.caisson.vsock.api.GuestTransport;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** The guest's end of one standard stream, over connections that break as a test wishes. */
abstract class FakeStdio implements GuestTransport, AutoCloseable {
    private final GuestSecret secret = GuestSecret.random();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final Supplier<StreamPair> pairs;
    final AtomicInteger attachments = new AtomicInteger();

    FakeStdio(Supplier<StreamPair> pairs) {
        this.pairs = pairs;
    }

    /** What the host attaches with. */
    StdioAttacher attacher(StdioStream stream) {
        return new StdioAttacher(new GuestDialler(this, secret), timer, new ProcessId("c", "p"), stream);
    }

    @Override
    public GuestStream open(int port, Duration timeout) {
        StreamPair pair = pairs.get();
        Thread.ofVirtual().start(() -> {
            try {
                InputStream input = pair.guest.input();
                exactly(input, 48);
                byte[] length = exactly(input, 4);
                var attach = StdioAttach.parseFrom(exactly(input, number(length)));
                attachments.incrementAndGet();
                serve(attach, pair.guest);
            } catch (IOException e) {
                pair.breakOff();
            }
        });
        return pair.host;
    }

    /** Answers the attachment and serves the stream until the connection breaks. */
    abstract void serve(StdioAttach attach, GuestStream connection) throws IOException;

    static void answer(GuestStream connection, Status status, long offset) throws IOException {
        byte[] message = StdioAttached.newBuilder()
                .setStatus(status)
                .setOffset(offset)
                .setMessage("the reason\u001b[31m")
                .build()
                .toByteArray();
        connection
                .output()
                .write(ByteBuffer.allocate(4 + message.length)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(message.length)
                        .put(message)
                        .array());
    }

    static byte[] exactly(InputStream input, int length) throws IOException {
        byte[] bytes = input.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException();
        }
        return bytes;
    }

    private static int number(byte[] littleEndian) {
        return ByteBuffer.wrap(littleEndian).order(ByteOrder.LITTLE_ENDIAN).getInt();
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
