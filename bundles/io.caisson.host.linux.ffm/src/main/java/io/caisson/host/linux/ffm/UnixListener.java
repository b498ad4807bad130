package io.caisson.host.linux.ffm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A listening Unix stream socket, for this process's user alone. */
public final class UnixListener implements AutoCloseable {
    private static final int OWNER_ONLY = 0600;
    private static final int BACKLOG = 128;

    private final NonBlockingFile file;
    private final Path path;
    private final @Nullable Object fileKey;

    private UnixListener(NonBlockingFile file, Path path, @Nullable Object fileKey) {
        this.file = file;
        this.path = path;
        this.fileKey = fileKey;
    }

    /**
     * Makes a socket and listens. Its mode is 0600 from the start, so only processes of the same user, or root, can
     * connect.
     *
     * @param path of any length; there must be nothing yet
     * @throws SystemCallException {@code EADDRINUSE} when there is something at the path, even a dead socket;
     *     {@code ENOENT} when the directory does not exist
     */
    public static UnixListener bind(Path path) throws IOException {
        int fd = SocketCalls.socket();
        NonBlockingFile file =
                new NonBlockingFile(new Descriptor(fd, "socket listening on " + path), NonBlockingFile.Kind.LISTENER);
        boolean bound = false;
        try (SocketPath address = SocketPath.of(path)) {
            FileCalls.fchmod(fd, OWNER_ONLY);
            int result = SocketCalls.bind(fd, address.bytes());
            if (result < 0) {
                throw new SystemCallException("bind", path.toString(), -result);
            }
            bound = true;
            SocketCalls.listen(fd, BACKLOG);
            return new UnixListener(file, path, fileKey(path));
        } catch (IOException | RuntimeException e) {
            file.close();
            if (bound) {
                Files.deleteIfExists(path);
            }
            throw e;
        }
    }

    /**
     * Waits for a connection; the caller owns it. On any thread.
     *
     * @throws ClosedDescriptorException the listener was closed, before or meanwhile
     */
    public UnixSocket accept() throws IOException, InterruptedException {
        Optional<UnixSocket> accepted = tryAccept();
        while (accepted.isEmpty()) {
            file.awaitReadable();
            accepted = tryAccept();
        }
        return accepted.get();
    }

    /** A connection that waits to be accepted, if there is one. */
    public Optional<UnixSocket> tryAccept() throws IOException {
        int fd = file.descriptor().acquire();
        try {
            int result = SocketCalls.accept(fd);
            if (result == -Errno.EAGAIN) {
                return Optional.empty();
            }
            if (result < 0) {
                throw new SystemCallException("accept4", file.descriptor().what(), -result);
            }
            return Optional.of(UnixSocket.accepted(result, "socket accepted on " + path));
        } finally {
            file.descriptor().release();
        }
    }

    /** Where it listens, as given. */
    public Path path() {
        return path;
    }

    /** For epoll. It stays this listener's: do not close it. */
    public Descriptor descriptor() {
        return file.descriptor();
    }

    /**
     * Refuses from now on, wakes who waits, and removes the socket from the file system unless something else has
     * taken its place. Accepted connections live on. Idempotent.
     *
     * @throws IOException the socket could not be removed; nobody can connect to it any more
     */
    @Override
    public void close() throws IOException {
        if (file.descriptor().isClosed()) {
            return;
        }
        try {
            if (Objects.equals(fileKey(path), fileKey)) {
                Files.deleteIfExists(path);
            }
        } catch (NoSuchFileException gone) {
            // somebody removed it already
        } finally {
            file.close();
        }
    }

    private static @Nullable Object fileKey(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey();
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
