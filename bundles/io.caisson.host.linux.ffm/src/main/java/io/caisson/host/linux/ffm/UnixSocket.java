package io.caisson.host.linux.ffm;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A connected Unix stream socket, unix(7), that can carry descriptors.
 *
 * <p>It can be used in two ways: without waiting, by {@link #tryReceive} and {@link #trySend} and an {@link Epoll} on
 * {@link #descriptor()}; or waiting, by {@link #receive}, {@link #send} and the streams, on virtual or platform
 * threads. One thread may receive while another sends. A thread that waits is woken by {@link #close()}, with a
 * {@link ClosedDescriptorException}, and by an interrupt, after which the socket goes on working.
 */
public final class UnixSocket implements AutoCloseable {
    private static final List<Descriptor> NONE = List.of();

    private final NonBlockingFile file;

    private UnixSocket(Descriptor descriptor) {
        file = new NonBlockingFile(descriptor, NonBlockingFile.Kind.SOCKET);
    }

    /** Two connected sockets. */
    public record Pair(UnixSocket first, UnixSocket second) implements AutoCloseable {
        /** Closes both. */
        @Override
        public void close() {
            first.close();
            second.close();
        }
    }

    /**
     * Connects to a listening socket. When its queue is full this waits up to five seconds.
     *
     * @param path of any length
     * @throws SystemCallException {@code ENOENT}, {@code ECONNREFUSED} when nobody listens, {@code EAGAIN}
     */
    public static UnixSocket connect(Path path) throws IOException, InterruptedException {
        int fd = SocketCalls.socket();
        UnixSocket socket = new UnixSocket(new Descriptor(fd, "socket connected to " + path));
        try (SocketPath address = SocketPath.of(path)) {
            // the kernel gives no event for a queue that has room again
            int result = SocketCalls.connect(fd, address.bytes());
            for (int pauses = 0; result == -Errno.EAGAIN && pauses < 500; pauses++) {
                Thread.sleep(10);
                result = SocketCalls.connect(fd, address.bytes());
            }
            if (result < 0) {
                throw new SystemCallException("connect", path.toString(), -result);
            }
            return socket;
        } catch (IOException | InterruptedException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Two sockets connected to each other.
     *
     * @param name what for, in messages
     */
    public static Pair pair(String name) throws SystemCallException {
        int[] pair = SocketCalls.socketpair();
        return new Pair(
                new UnixSocket(new Descriptor(pair[0], "first socket of the pair " + name)),
                new UnixSocket(new Descriptor(pair[1], "second socket of the pair " + name)));
    }

    /** Takes over a connected Unix stream socket, such as one received; it becomes non-blocking. */
    public static UnixSocket adopt(Descriptor descriptor) throws IOException {
        int fd = descriptor.acquire();
        try {
            FileCalls.setNonBlocking(fd, true);
        } finally {
            descriptor.release();
        }
        return new UnixSocket(descriptor);
    }

    /** A socket just accepted. */
    static UnixSocket accepted(int fd, String what) {
        return new UnixSocket(new Descriptor(fd, what));
    }

    /**
     * Receives without waiting. Descriptors that come with the bytes are lost.
     *
     * @param into heap or native; at least one byte
     * @return bytes received; 0 when there are none now; -1 at the end of the stream
     */
    public int tryReceive(MemorySegment into) throws IOException {
        return file.tryRead(into);
    }

    /**
     * As {@link #tryReceive(MemorySegment)}, with descriptors: those that came with the bytes are added to
     * {@code descriptors} and belong to the caller. Bytes sent after descriptors never come together with them,
     * bytes sent before may.
     *
     * @throws IOException more descriptors came than can be taken (32); all of them are closed
     */
    public int tryReceive(MemorySegment into, List<Descriptor> descriptors) throws IOException {
        return file.tryReceive(into, descriptors);
    }

    /**
     * Sends without waiting.
     *
     * @param from heap or native; at least one byte
     * @return bytes sent; 0 when there is no room now
     * @throws SystemCallException {@code EPIPE} when the peer has closed
     */
    public int trySend(MemorySegment from) throws IOException {
        return file.tryWrite(from);
    }

    /**
     * As {@link #trySend(MemorySegment)}, with descriptors, which travel with the first byte: when anything was sent,
     * so were they. They stay the caller's.
     *
     * @param descriptors at most 32
     */
    public int trySend(MemorySegment from, List<Descriptor> descriptors) throws IOException {
        return file.trySend(from, descriptors);
    }

    /**
     * Waits for bytes, and descriptors, and receives them as {@link #tryReceive(MemorySegment, List)} does.
     *
     * @return bytes received, at least 1; -1 at the end of the stream
     * @throws SocketTimeoutException nothing came within {@link #receiveTimeout}
     */
    public int receive(MemorySegment into, List<Descriptor> descriptors) throws IOException, InterruptedException {
        int count = file.tryReceive(into, descriptors);
        while (count == 0) {
            file.awaitReadable();
            count = file.tryReceive(into, descriptors);
        }
        return count;
    }

    /** Sends all the bytes, and the descriptors with the first of them, waiting for room. */
    public void send(MemorySegment from, List<Descriptor> descriptors) throws IOException, InterruptedException {
        long sent = 0;
        while (sent < from.byteSize()) {
            int count = file.trySend(from.asSlice(sent), sent == 0 ? descriptors : NONE);
            if (count == 0) {
                file.awaitWritable();
            }
            sent += count;
        }
    }

    /** What the peer sends. Reading waits; an interrupt ends it with an {@link java.io.InterruptedIOException}. */
    public InputStream input() {
        return file.input();
    }

    /** What the peer receives. Writing waits for room; {@code flush} has nothing to do. */
    public OutputStream output() {
        return file.output();
    }

    /** How long receiving waits before it throws {@link SocketTimeoutException}; zero, at first, is for ever. */
    public void receiveTimeout(Duration timeout) {
        file.readTimeout(timeout);
    }

    /** Who had the other end when the connection was made; of a pair, who made the pair. */
    public PeerCredentials peerCredentials() throws IOException {
        int fd = descriptor().acquire();
        try {
            return SocketCalls.peerCredentials(fd);
        } finally {
            descriptor().release();
        }
    }

    /** Tells the peer that no more will be sent. Receiving goes on. Idempotent. */
    public void shutdownOutput() throws IOException {
        int fd = descriptor().acquire();
        try {
            SocketCalls.shutdown(fd, SocketCalls.SHUT_WR);
        } finally {
            descriptor().release();
        }
    }

    /** For epoll. It stays this socket's: do not close it. */
    public Descriptor descriptor() {
        return file.descriptor();
    }

    /**
     * Gives the connection up without ending it: the descriptor, set to blocking again, as another process expects it.
     * The caller owns it; this socket is closed.
     *
     * @throws SystemCallException this process has no descriptor left; the socket stays as it was
     */
    public Descriptor release() throws IOException {
        Descriptor released = descriptor().duplicate();
        try {
            int fd = released.acquire();
            try {
                FileCalls.setNonBlocking(fd, false);
            } finally {
                released.release();
            }
        } catch (IOException e) {
            released.close();
            throw e;
        }
        file.abandon();
        return released;
    }

    /** Ends the connection in both directions and wakes who waits. Idempotent; never waits. */
    @Override
    public void close() {
        file.close();
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
