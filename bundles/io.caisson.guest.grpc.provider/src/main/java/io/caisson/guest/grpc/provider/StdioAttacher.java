package io.caisson.guest.grpc.provider;

import com.google.protobuf.InvalidProtocolBufferException;
import io.caisson.guest.grpc.provider.proto.StdioAttach;
import io.caisson.guest.grpc.provider.proto.StdioAttached;
import io.caisson.guest.grpc.provider.proto.StdioAttached.Status;
import io.caisson.guest.grpc.provider.proto.StdioStream;
import io.caisson.vsock.api.GuestStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Attaches to one standard stream of one process, as often as its connection breaks (guest.proto, "Stdio"). */
final class StdioAttacher {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final int LARGEST_ANSWER = 64 << 10;

    private final GuestDialler dialler;
    private final ScheduledExecutorService timer;
    private final ProcessId process;
    private final StdioStream stream;

    StdioAttacher(GuestDialler dialler, ScheduledExecutorService timer, ProcessId process, StdioStream stream) {
        this.dialler = dialler;
        this.timer = timer;
        this.process = process;
        this.stream = stream;
    }

    /**
     * A connection to the stream.
     *
     * @param connection the caller owns it
     * @param offset where the stream goes on
     */
    record Attached(GuestStream connection, long offset) {}

    /** The guest does not attach; asking again would not help. */
    static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1L;

        private final Status status;

        RefusedException(String message, Status status) {
            super(message);
            this.status = status;
        }

        Status status() {
            return status;
        }
    }

    /** What errors and threads call the stream: "stdout". */
    String name() {
        return switch (stream) {
            case STDIO_STREAM_STDIN -> "stdin";
            case STDIO_STREAM_STDOUT -> "stdout";
            case STDIO_STREAM_STDERR -> "stderr";
            case UNRECOGNIZED -> throw new IllegalStateException("no such stream");
        };
    }

    /** What errors call the stream: "stdout of process …". */
    @Override
    public String toString() {
        return name() + " of " + process;
    }

    /**
     * Attaches.
     *
     * @param offset output streams: the first byte that is wanted
     * @throws RefusedException the guest says no
     */
    Attached attach(long offset) throws IOException, InterruptedException {
        GuestStream connection = dialler.dial(GuestDialler.Purpose.STDIO, request(offset), TIMEOUT);
        // The stream itself knows no time limit: a guest that accepts and stays silent is cut off.
        Future<?> watchdog = timer.schedule(connection::reset, TIMEOUT.toNanos(), TimeUnit.NANOSECONDS);
        try {
            StdioAttached answer = answer(connection.input());
            if (answer.getStatus() != Status.STATUS_OK) {
                throw new RefusedException(
                        "attaching to " + this + ": " + Failures.printable(answer.getMessage()), answer.getStatus());
            }
            if (stream != StdioStream.STDIO_STREAM_STDIN && answer.getOffset() != offset) {
                throw new IOException("attaching to " + this + ": the guest goes on at byte " + answer.getOffset()
                        + " instead of " + offset);
            }
            return new Attached(connection, answer.getOffset());
        } catch (IOException | RuntimeException | Error e) {
            connection.reset();
            throw e;
        } finally {
            watchdog.cancel(false);
        }
    }

    private byte[] request(long offset) {
        byte[] message = StdioAttach.newBuilder()
                .setContainerId(process.container())
                .setProcessId(process.process())
                .setStream(stream)
                .setOffset(offset)
                .build()
                .toByteArray();
        return ByteBuffer.allocate(4 + message.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(message.length)
                .put(message)
                .array();
    }

    private StdioAttached answer(InputStream input) throws IOException {
        int length = ByteBuffer.wrap(exactly(input, 4))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getInt();
        if (length < 0 || length > LARGEST_ANSWER) {
            throw new IOException("attaching to " + this + ": the guest announces an answer of "
                    + Integer.toUnsignedString(length) + " bytes");
        }
        try {
            return StdioAttached.parseFrom(exactly(input, length));
        } catch (InvalidProtocolBufferException e) {
            throw new IOException("attaching to " + this + ": the guest's answer is no StdioAttached", e);
        }
    }

    private byte[] exactly(InputStream input, int length) throws IOException {
        byte[] bytes = input.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("attaching to " + this + ": the guest ended the connection");
        }
        return bytes;
    }
}
