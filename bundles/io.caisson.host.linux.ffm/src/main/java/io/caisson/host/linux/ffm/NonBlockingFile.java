package io.caisson.host.linux.ffm;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reading and writing a non-blocking stream: at once, or waiting through the {@link Poller}. What is read or written
 * passes through native memory of the call's own, so that neither the kernel nor the collector ever waits for the
 * other.
 */
final class NonBlockingFile implements AutoCloseable {
    /** One call moves at most this much: what a Unix socket holds by default is a little more. */
    private static final long CHUNK = 1 << 16;

    private final Descriptor descriptor;
    private final Kind kind;
    private volatile long readTimeoutNanos;
    private Poller.@Nullable Registration registration;
    private boolean closed;

    /** What differs between files. */
    enum Kind {
        /** A connected stream socket. */
        SOCKET,
        /** A socket that listens. */
        LISTENER,
        /** The controlling side of a pseudo-terminal, which reports the end as {@code EIO}. */
        PSEUDO_TERMINAL,
        /**
         * A terminal that others use too and that therefore may block: only what has been reported is read. The end is
         * typed; {@code EIO} is what is left of a terminal that hung up.
         */
        TERMINAL
    }

    /** Takes the descriptor, which must be non-blocking unless it is a terminal's, over. */
    NonBlockingFile(Descriptor descriptor, Kind kind) {
        this.descriptor = descriptor;
        this.kind = kind;
    }

    Descriptor descriptor() {
        return descriptor;
    }

    /** Bytes read, 0 when it would block, -1 at the end. */
    int tryRead(MemorySegment into) throws IOException {
        requireSome(into);
        int fd = descriptor.acquire();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.min(into.byteSize(), CHUNK));
            long result = kind == Kind.SOCKET
                    ? SocketCalls.recv(fd, buffer)
                    : FileCalls.read(fd, buffer.address(), buffer.byteSize());
            return received(result, buffer, into);
        } finally {
            descriptor.release();
        }
    }

    /** As {@link #tryRead}, with descriptors. */
    int tryReceive(MemorySegment into, List<Descriptor> descriptors) throws IOException {
        requireSome(into);
        int fd = descriptor.acquire();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.min(into.byteSize(), CHUNK));
            return received(Messages.receive(fd, buffer, descriptors, descriptor.what()), buffer, into);
        } finally {
            descriptor.release();
        }
    }

    private int received(long result, MemorySegment buffer, MemorySegment into) throws IOException {
        if (result > 0) {
            MemorySegment.copy(buffer, 0, into, 0, result);
            return (int) result;
        }
        if (result == -Errno.EAGAIN) {
            return 0;
        }
        requireOpen();
        boolean terminal = kind == Kind.PSEUDO_TERMINAL || kind == Kind.TERMINAL;
        if (result == 0 || (result == -Errno.EIO && terminal)) {
            return -1;
        }
        throw new SystemCallException("recv", descriptor.what(), (int) -result);
    }

    /** Bytes written, 0 when it would block. */
    int tryWrite(MemorySegment from) throws IOException {
        return trySend(from, List.of());
    }

    /** As {@link #tryWrite}, with descriptors. */
    int trySend(MemorySegment from, List<Descriptor> descriptors) throws IOException {
        requireSome(from);
        int fd = descriptor.acquire();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.min(from.byteSize(), CHUNK));
            MemorySegment.copy(from, 0, buffer, 0, buffer.byteSize());
            long result;
            if (!descriptors.isEmpty()) {
                result = Messages.send(fd, buffer, descriptors);
            } else if (kind == Kind.SOCKET) {
                result = SocketCalls.send(fd, buffer);
            } else {
                result = FileCalls.write(fd, buffer.address(), buffer.byteSize());
            }
            if (result == -Errno.EAGAIN) {
                return 0;
            }
            if (result < 0) {
                requireOpen();
                throw new SystemCallException("send", descriptor.what(), (int) -result);
            }
            return (int) result;
        } finally {
            descriptor.release();
        }
    }

    /** What a call meets that was under way when this was closed is that close's doing, not the peer's. */
    private void requireOpen() throws ClosedDescriptorException {
        if (descriptor.isClosed()) {
            throw new ClosedDescriptorException(descriptor.what());
        }
    }

    private static void requireSome(MemorySegment bytes) {
        if (bytes.byteSize() == 0) {
            throw new IllegalArgumentException("no room for bytes, or none to send");
        }
    }

    void awaitReadable() throws IOException, InterruptedException {
        long timeout = readTimeoutNanos;
        if (!registration().awaitReadable(timeout)) {
            throw new SocketTimeoutException(
                    "nothing came from " + descriptor.what() + " in " + timeout / 1_000_000 + " ms");
        }
    }

    void awaitWritable() throws IOException, InterruptedException {
        registration().awaitWritable();
    }

    void readTimeout(Duration timeout) {
        if (timeout.isNegative()) {
            throw new IllegalArgumentException("timeout " + timeout);
        }
        readTimeoutNanos = timeout.toNanos();
    }

    private synchronized Poller.Registration registration() throws IOException {
        if (closed) {
            throw new ClosedDescriptorException(descriptor.what());
        }
        if (registration == null) {
            registration = Poller.register(descriptor);
        }
        return registration;
    }

    /** Closes the descriptor without ending the connection. */
    void abandon() {
        Poller.Registration watched;
        synchronized (this) {
            closed = true;
            watched = registration;
            registration = null;
        }
        if (watched != null) {
            watched.close();
        }
        descriptor.close();
    }

    @Override
    public void close() {
        int fd;
        try {
            fd = descriptor.acquire();
        } catch (ClosedDescriptorException alreadyClosed) {
            return;
        }
        try {
            abandon();
            if (kind == Kind.SOCKET) {
                // the peer learns of it even if another thread's call still holds the descriptor open
                SocketCalls.shutdown(fd, SocketCalls.SHUT_RDWR);
            }
        } finally {
            descriptor.release();
        }
    }

    InputStream input() {
        return new Input();
    }

    OutputStream output() {
        return new Output();
    }

    private InterruptedIOException interrupted(String doing) {
        Thread.currentThread().interrupt();
        return new InterruptedIOException("interrupted while " + doing + " " + descriptor.what());
    }

    private final class Input extends InputStream {
        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, bytes.length);
            if (length == 0) {
                return 0;
            }
            MemorySegment into = MemorySegment.ofArray(bytes).asSlice(offset, length);
            try {
                int count = kind == Kind.TERMINAL ? 0 : tryRead(into);
                while (count == 0) {
                    awaitReadable();
                    count = tryRead(into);
                }
                return count;
            } catch (InterruptedException e) {
                throw interrupted("reading");
            }
        }

        @Override
        public void close() {
            NonBlockingFile.this.close();
        }
    }

    private final class Output extends OutputStream {
        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, bytes.length);
            MemorySegment from = MemorySegment.ofArray(bytes).asSlice(offset, length);
            int written = 0;
            try {
                while (written < length) {
                    int count = tryWrite(from.asSlice(written));
                    if (count == 0) {
                        awaitWritable();
                    }
                    written += count;
                }
            } catch (InterruptedException e) {
                InterruptedIOException stopped = interrupted("writing");
                stopped.bytesTransferred = written;
                throw stopped;
            }
        }

        @Override
        public void close() {
            NonBlockingFile.this.close();
        }
    }

    @Override
    public String toString() {
        return descriptor.toString();
    }
}
