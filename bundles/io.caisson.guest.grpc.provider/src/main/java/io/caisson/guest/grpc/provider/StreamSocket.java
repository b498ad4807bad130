package io.caisson.guest.grpc.provider;

import io.caisson.vsock.api.GuestStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/** A connected stream in the shape of a socket: as much of one as gRPC's OkHttp transport uses. */
final class StreamSocket extends Socket {
    private static final SocketAddress NOWHERE = InetSocketAddress.createUnresolved("stream", 0);

    private final GuestStream stream;
    private volatile boolean closed;

    private StreamSocket(GuestStream stream) throws SocketException {
        super((SocketImpl) null);
        this.stream = stream;
    }

    /** Opens the stream of a new connection. */
    @FunctionalInterface
    interface Opener {
        /** Called on a thread of the channel's, which may be interrupted. */
        GuestStream open() throws IOException;
    }

    /** A factory all of whose sockets lead to where the opener does, whatever address is asked for. */
    static SocketFactory factory(Opener opener) {
        return new SocketFactory() {
            @Override
            public Socket createSocket(@Nullable InetAddress host, int port) throws IOException {
                return new StreamSocket(opener.open());
            }

            @Override
            public Socket createSocket(String host, int port) throws IOException {
                return new StreamSocket(opener.open());
            }

            @Override
            public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
                return new StreamSocket(opener.open());
            }

            @Override
            public Socket createSocket(InetAddress address, int port, InetAddress localAddress, int localPort)
                    throws IOException {
                return new StreamSocket(opener.open());
            }
        };
    }

    @Override
    public InputStream getInputStream() {
        return stream.input();
    }

    @Override
    public OutputStream getOutputStream() {
        return stream.output();
    }

    @Override
    public void shutdownOutput() throws IOException {
        stream.shutdownOutput();
    }

    @Override
    public void close() {
        closed = true;
        stream.close();
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    @Override
    public boolean isConnected() {
        return true;
    }

    @Override
    public void setTcpNoDelay(boolean on) {}

    @Override
    public void setSoTimeout(int timeout) {}

    @Override
    public int getSoTimeout() {
        return 0;
    }

    /** A name for errors, which leads nowhere: an end of a stream has no address. */
    @Override
    public SocketAddress getRemoteSocketAddress() {
        return NOWHERE;
    }

    @Override
    public @Nullable SocketAddress getLocalSocketAddress() {
        return null;
    }

    @Override
    public String toString() {
        return "StreamSocket[" + stream + "]";
    }
}
