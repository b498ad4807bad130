package io.caisson.guest.grpc.provider;

import io.caisson.guest.api.GuestSecret;
import io.caisson.vsock.api.GuestStream;
import io.caisson.vsock.api.GuestTransport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** Opens connections to the two ports of a guest and proves on each that the host knows the secret. */
final class GuestDialler {
    private static final byte[] MAGIC = "CAISSON1".getBytes(StandardCharsets.US_ASCII);

    private final GuestTransport transport;
    private volatile GuestSecret secret;

    GuestDialler(GuestTransport transport, GuestSecret secret) {
        this.transport = transport;
        this.secret = secret;
    }

    /** From now on connections prove this one. */
    void prove(GuestSecret other) {
        secret = other;
    }

    /** What a connection is for (guest.proto, "Transport"). */
    enum Purpose {
        GRPC(1024, 1),
        STDIO(1025, 2);

        private final int port;
        private final int number;

        Purpose(int port, int number) {
            this.port = port;
            this.number = number;
        }
    }

    /**
     * Opens a connection and sends the preface and what follows it; the caller owns the stream.
     *
     * @param first the first bytes after the preface
     * @param timeout how long the guest may take to accept
     */
    GuestStream dial(Purpose purpose, byte[] first, Duration timeout) throws IOException, InterruptedException {
        GuestStream stream = transport.open(purpose.port, timeout);
        try {
            stream.output().write(preface(purpose, first));
            return stream;
        } catch (IOException | RuntimeException | Error e) {
            stream.reset();
            throw e;
        }
    }

    private byte[] preface(Purpose purpose, byte[] first) {
        return ByteBuffer.allocate(MAGIC.length + 8 + GuestSecret.LENGTH + first.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(MAGIC)
                .putInt(purpose.number)
                .putInt(0)
                .put(secret.toBytes())
                .put(first)
                .array();
    }
}
