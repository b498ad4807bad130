package io.caisson.guest.grpc.provider;

import io.caisson.guest.grpc.provider.proto.HelloResponse;
import io.caisson.vsock.api.GuestStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/**
 * The far end of an HTTP/2 connection that answers its first request with an empty greeting, whatever it was (RFC 9113
 * for the frames, RFC 7541 for the header block; both written out by hand).
 */
final class RecordedGuest implements GuestStream {
    private static final int CLIENT_PREFACE = 24;
    private static final int FRAME_HEADER = 9;
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int SETTINGS = 4;
    private static final int END_STREAM = 1;
    private static final int ACK = 1;
    private static final int END_HEADERS = 4;
    /** The stream of grpc-java's first call. */
    private static final int STREAM = 3;

    private final Recording input = new Recording();
    private final Listener output = new Listener();

    /** What the client reads. */
    private static final class Recording extends InputStream {
        private byte[] bytes = settings();
        private int at;
        private boolean closed;

        synchronized void append(byte[] more) {
            byte[] all = Arrays.copyOfRange(bytes, at, bytes.length + more.length);
            System.arraycopy(more, 0, all, bytes.length - at, more.length);
            bytes = all;
            at = 0;
            notifyAll();
        }

        synchronized void end() {
            closed = true;
            notifyAll();
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public synchronized int read(byte[] target, int from, int length) throws IOException {
            Objects.checkFromIndexSize(from, length, target.length);
            while (at == bytes.length && !closed) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new InterruptedIOException();
                }
            }
            int count = Math.min(length, bytes.length - at);
            if (count == 0) {
                return -1;
            }
            System.arraycopy(bytes, at, target, from, count);
            at += count;
            return count;
        }
    }

    /** What the client writes: watched for the end of the request. */
    private final class Listener extends OutputStream {
        private final byte[] header = new byte[FRAME_HEADER];
        private int filled;
        private int skip = CLIENT_PREFACE;

        @Override
        public void write(int b) {
            if (skip > 0) {
                skip--;
                return;
            }
            header[filled++] = (byte) b;
            if (filled == FRAME_HEADER) {
                filled = 0;
                skip = ((header[0] & 0xff) << 16) | ((header[1] & 0xff) << 8) | (header[2] & 0xff);
                if (header[3] == DATA && (header[4] & END_STREAM) != 0) {
                    input.append(answer());
                }
            }
        }
    }

    private static byte[] settings() {
        var frames = new ByteArrayOutputStream();
        frame(frames, SETTINGS, 0, 0, new byte[0]);
        frame(frames, SETTINGS, ACK, 0, new byte[0]);
        return frames.toByteArray();
    }

    private static byte[] answer() {
        var headers = new ByteArrayOutputStream();
        headers.write(0x88); // indexed: ":status: 200"
        headers.write(0x0f); // literal without indexing, name of index 31: "content-type"
        headers.write(31 - 15);
        string(headers, "application/grpc");
        byte[] greeting = HelloResponse.newBuilder()
                .setVersion(1)
                .setMachine("recorded")
                .build()
                .toByteArray();
        var message = new ByteArrayOutputStream();
        message.writeBytes(new byte[] {0, 0, 0, 0, (byte) greeting.length}); // gRPC: not compressed, length
        message.writeBytes(greeting);
        var trailers = new ByteArrayOutputStream();
        trailers.write(0x00); // literal without indexing, new name
        string(trailers, "grpc-status");
        string(trailers, "0");

        var frames = new ByteArrayOutputStream();
        frame(frames, HEADERS, END_HEADERS, STREAM, headers.toByteArray());
        frame(frames, DATA, 0, STREAM, message.toByteArray());
        frame(frames, HEADERS, END_HEADERS | END_STREAM, STREAM, trailers.toByteArray());
        return frames.toByteArray();
    }

    private static void string(ByteArrayOutputStream target, String text) {
        target.write(text.length());
        target.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static void frame(ByteArrayOutputStream target, int type, int flags, int stream, byte[] payload) {
        target.writeBytes(new byte[] {0, 0, (byte) payload.length, (byte) type, (byte) flags, 0, 0, 0, (byte) stream});
        target.writeBytes(payload);
    }

    @Override
    public InputStream input() {
        return input;
    }

    @Override
    public OutputStream output() {
        return output;
    }

    @Override
    public void shutdownOutput() {}

    @Override
    public void close() {
        input.end();
    }

    @Override
    public void reset() {
        input.end();
    }
}
