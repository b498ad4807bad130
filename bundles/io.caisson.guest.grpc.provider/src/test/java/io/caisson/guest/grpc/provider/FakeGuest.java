package io.caisson.guest.grpc.provider;

import io.caisson.guest.api.GuestSecret;
import io.caisson.guest.grpc.provider.proto.GuestGrpc;
import io.caisson.vsock.api.GuestStream;
import io.caisson.vsock.api.GuestTransport;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.okhttp.OkHttpServerBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ServerSocketFactory;

/** A guest in this process: a real gRPC server on port 1024 and whatever a test serves on port 1025. */
final class FakeGuest implements GuestTransport, AutoCloseable {
    /** What connections have to prove. */
    volatile GuestSecret secret = GuestSecret.random();

    final List<StreamPair> grpcConnections = new CopyOnWriteArrayList<>();
    private final BlockingQueue<Socket> accepted = new LinkedBlockingQueue<>();
    private final ExecutorService executor = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("fake-guest-", 0).factory());
    private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(1);
    private final Server server;
    private final Consumer<GuestStream> stdio;
    private volatile Supplier<StreamPair> pairs = StreamPair::new;
    private volatile boolean absent;

    FakeGuest(GuestGrpc.GuestImplBase service, Consumer<GuestStream> stdio) throws IOException {
        this.stdio = stdio;
        server = OkHttpServerBuilder.forPort(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), InsecureServerCredentials.create())
                .socketFactory(new Connections())
                .transportExecutor(executor)
                .scheduledExecutorService(timer)
                .executor(executor)
                .addService(service)
                .build()
                .start();
    }

    /** What connections are made of from now on. */
    void connections(Supplier<StreamPair> supplier) {
        pairs = supplier;
    }

    /** From now on the guest accepts nothing. */
    void vanish() {
        absent = true;
    }

    @Override
    public GuestStream open(int port, Duration timeout) throws IOException {
        if (absent) {
            throw new SocketTimeoutException("nobody accepts on port " + port);
        }
        StreamPair pair = pairs.get();
        if (port == 1024) {
            grpcConnections.add(pair);
        }
        executor.execute(() -> {
            try {
                if (!prefaceIsRight(pair.guest, port == 1024 ? 1 : 2)) {
                    pair.breakOff();
                } else if (port == 1024) {
                    accepted.add(StreamSocket.factory(() -> pair.guest).createSocket("", 0));
                } else {
                    stdio.accept(pair.guest);
                }
            } catch (IOException e) {
                pair.breakOff();
            }
        });
        return pair.host;
    }

    private boolean prefaceIsRight(GuestStream stream, int purpose) throws IOException {
        byte[] preface = stream.input().readNBytes(48);
        ByteBuffer fields = ByteBuffer.wrap(preface).order(ByteOrder.LITTLE_ENDIAN);
        return preface.length == 48
                && new String(preface, 0, 8, StandardCharsets.US_ASCII).equals("CAISSON1")
                && fields.getInt(8) == purpose
                && fields.getInt(12) == 0
                && Arrays.equals(Arrays.copyOfRange(preface, 16, 48), secret.toBytes());
    }

    @Override
    public void close() {
        server.shutdownNow();
        executor.shutdownNow();
        timer.shutdownNow();
    }

    private final class Connections extends ServerSocketFactory {
        @Override
        public ServerSocket createServerSocket(int port) throws IOException {
            return new Listener();
        }

        @Override
        public ServerSocket createServerSocket(int port, int backlog) throws IOException {
            return new Listener();
        }

        @Override
        public ServerSocket createServerSocket(int port, int backlog, InetAddress address) throws IOException {
            return new Listener();
        }

        @Override
        public ServerSocket createServerSocket() throws IOException {
            return new Listener();
        }
    }

    private final class Listener extends ServerSocket {
        Listener() throws IOException {
            super();
        }

        @Override
        public void bind(SocketAddress endpoint, int backlog) {}

        @Override
        public SocketAddress getLocalSocketAddress() {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
        }

        @Override
        public Socket accept() throws IOException {
            try {
                return accepted.take();
            } catch (InterruptedException e) {
                throw new SocketException("closed");
            }
        }
    }
}
