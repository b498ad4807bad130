package io.caisson.host.linux.ffm;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The path of a Unix socket as the kernel takes it. {@code sun_path} holds 107 bytes and a NUL, unix(7); a longer path
 * is reached through its directory, opened with {@code O_PATH}, as {@code /proc/self/fd/N/name}.
 */
final class SocketPath implements AutoCloseable {
    private static final int MAXIMUM = 107;

    private final byte[] bytes;
    private final @Nullable Descriptor directory;

    private SocketPath(byte[] bytes, @Nullable Descriptor directory) {
        this.bytes = bytes;
        this.directory = directory;
    }

    /** To be closed after the call that uses {@link #bytes()}. */
    static SocketPath of(Path path) throws IOException {
        byte[] direct = FileCalls.nativeBytes(path.toString());
        if (direct.length == 0) {
            throw new IllegalArgumentException("the path of a Unix socket is empty");
        }
        if (direct.length <= MAXIMUM) {
            return new SocketPath(direct, null);
        }
        Path absolute = path.toAbsolutePath();
        Path parent = absolute.getParent();
        Path name = absolute.getFileName();
        if (parent == null || name == null) {
            throw new IOException("not the path of a Unix socket: " + path);
        }
        Descriptor directory = new Descriptor(
                FileCalls.open(parent, FileCalls.O_PATH | FileCalls.O_DIRECTORY, 0), "directory " + parent);
        try {
            int fd = directory.acquire();
            directory.release();
            byte[] indirect = FileCalls.nativeBytes("/proc/self/fd/" + fd + "/" + name);
            if (indirect.length > MAXIMUM) {
                throw new IOException("the name of a Unix socket is too long: " + name + " (at most "
                        + (MAXIMUM - indirect.length + FileCalls.nativeBytes(name.toString()).length) + " bytes)");
            }
            return new SocketPath(indirect, directory);
        } catch (IOException | RuntimeException e) {
            directory.close();
            throw e;
        }
    }

    byte[] bytes() {
        return bytes;
    }

    @Override
    public void close() {
        if (directory != null) {
            directory.close();
        }
    }
}
