package io.caisson.host.linux.ffm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What a child process has as its standard input, output or error. Immutable. */
public abstract sealed class ChildStream {
    private static final int OWNER_ONLY = 0600;

    private ChildStream() {}

    /** Reads the end at once; writes vanish ({@code /dev/null}). */
    public static ChildStream none() {
        return new File(Path.of("/dev/null"), FileCalls.O_RDWR);
    }

    /** This process's own. */
    public static ChildStream inherited() {
        return new Inherited();
    }

    /** An open file, which stays the caller's and may be closed once the child has started. */
    public static ChildStream of(Descriptor descriptor) {
        return new Open(descriptor);
    }

    /** A file to which what the child writes is appended, made with mode 0600 when it does not exist. */
    public static ChildStream appendTo(Path file) {
        return new File(file, FileCalls.O_WRONLY | FileCalls.O_CREAT | FileCalls.O_APPEND);
    }

    /**
     * A descriptor of the caller's own, with a number that collides with none in the child.
     *
     * @return null to leave the child what this process has
     */
    abstract @Nullable Descriptor open() throws IOException;

    private static final class Inherited extends ChildStream {
        @Override
        @Nullable
        Descriptor open() {
            return null;
        }
    }

    private static final class Open extends ChildStream {
        private final Descriptor descriptor;

        Open(Descriptor descriptor) {
            this.descriptor = Objects.requireNonNull(descriptor, "descriptor");
        }

        @Override
        Descriptor open() throws IOException {
            return descriptor.duplicate(ChildProcessBuilder.NUMBERS);
        }
    }

    private static final class File extends ChildStream {
        private final Path path;
        private final int flags;

        File(Path path, int flags) {
            this.path = Objects.requireNonNull(path, "path");
            this.flags = flags;
        }

        @Override
        Descriptor open() throws IOException {
            try (Descriptor low = new Descriptor(FileCalls.open(path, flags, OWNER_ONLY), path.toString())) {
                return low.duplicate(ChildProcessBuilder.NUMBERS);
            }
        }
    }
}
