package io.caisson.vm.qemu.provider;

import io.caisson.vsock.api.VsockAttachment;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * As much of a vhost-user vsock device (docs/interop/vhost-user.rst of QEMU 7.2) as a machine needs to start: it answers
 * and carries nothing. The descriptors that come with messages are dropped.
 */
final class FakeVsockDevice implements AutoCloseable {
    private static final int GET_FEATURES = 1;
    private static final int GET_VRING_BASE = 11;
    private static final int GET_PROTOCOL_FEATURES = 15;
    private static final int GET_CONFIG = 24;

    /** VHOST_USER_F_PROTOCOL_FEATURES and VIRTIO_F_VERSION_1. */
    private static final long FEATURES = 1L << 30 | 1L << 32;

    /** VHOST_USER_PROTOCOL_F_CONFIG. */
    private static final long PROTOCOL_FEATURES = 1L << 9;

    private static final long GUEST_CID = 3;

    private final Path socket;
    private final ServerSocketChannel listener;

    FakeVsockDevice(Path directory) throws IOException {
        socket = directory.resolve("vsock");
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(socket));
        Thread.ofVirtual().name("fake-vsock-device").start(this::serve);
    }

    VsockAttachment attachment() {
        return new VsockAttachment.VhostUser(socket);
    }

    private void serve() {
        try (SocketChannel connection = listener.accept()) {
            var header = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
            while (readFully(connection, header.clear())) {
                int request = header.getInt(0);
                int size = header.getInt(8);
                var payload = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
                if (!readFully(connection, payload)) {
                    return;
                }
                answer(connection, request, payload);
            }
        } catch (ClosedChannelException e) {
            // The test is over.
            return;
        } catch (IOException e) {
            throw new IllegalStateException("fake vsock device", e);
        }
    }

    private static boolean readFully(SocketChannel connection, ByteBuffer into) throws IOException {
        while (into.hasRemaining()) {
            if (connection.read(into) < 0) {
                return false;
            }
        }
        return true;
    }

    private static void answer(SocketChannel connection, int request, ByteBuffer payload) throws IOException {
        switch (request) {
            case GET_FEATURES -> send(connection, request, payload(8).putLong(0, FEATURES));
            case GET_PROTOCOL_FEATURES -> send(connection, request, payload(8).putLong(0, PROTOCOL_FEATURES));
            case GET_CONFIG -> send(connection, request, payload.putLong(12, GUEST_CID));
            case GET_VRING_BASE -> send(connection, request, payload);
            default -> {
                // Wants no answer.
            }
        }
    }

    private static ByteBuffer payload(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void send(SocketChannel connection, int request, ByteBuffer payload) throws IOException {
        payload.clear();
        ByteBuffer message = payload(12 + payload.remaining());
        message.putInt(request)
                .putInt(1 | 4)
                .putInt(payload.remaining())
                .put(payload)
                .flip();
        while (message.hasRemaining()) {
            connection.write(message);
        }
    }

    /** Its connection ends with the machine's. */
    @Override
    public void close() throws IOException {
        listener.close();
        Files.delete(socket);
    }
}
