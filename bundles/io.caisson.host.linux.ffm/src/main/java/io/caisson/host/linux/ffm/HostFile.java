package io.caisson.host.linux.ffm;

import java.nio.file.Path;

/** Opens files to pass them to other processes. A file for this process's own use is better opened by the JDK. */
public final class HostFile {
    private HostFile() {}

    /** What the descriptor can be used for. */
    public enum Access {
        /** Reading alone. */
        READ(FileCalls.O_RDONLY),
        /** Reading and writing. */
        READ_WRITE(FileCalls.O_RDWR);

        private final int flags;

        Access(int flags) {
            this.flags = flags;
        }
    }

    /**
     * Opens a file that exists. The caller owns the descriptor.
     *
     * @throws SystemCallException {@code ENOENT}, {@code EACCES} and the others of open(2)
     */
    public static Descriptor open(Path path, Access access) throws SystemCallException {
        return new Descriptor(FileCalls.open(path, access.flags | FileCalls.O_NOCTTY, 0), path.toString());
    }
}
