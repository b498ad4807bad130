package io.caisson.shell.gogo;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** This process's standard output, which remembers why it failed: print streams on top of it do not tell. */
final class StandardOutput extends OutputStream {
    /** write(2), {@code EPIPE}, in glibc's words: nobody reads any more, which is no failure of ours. */
    private static final String BROKEN_PIPE = "Broken pipe";

    private final OutputStream descriptor = new FileOutputStream(FileDescriptor.out);
    private volatile @Nullable IOException failure;

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] source, int from, int length) throws IOException {
        try {
            descriptor.write(source, from, length);
        } catch (IOException e) {
            failure = e;
            throw e;
        }
    }

    /** Why writing failed, if it did. */
    Optional<IOException> failure() {
        return Optional.ofNullable(failure);
    }

    /** Whether writing failed because the reader has gone. */
    boolean isUnread() {
        IOException cause = failure;
        return cause != null && BROKEN_PIPE.equals(cause.getMessage());
    }
}
