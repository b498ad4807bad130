package io.caisson.ext4.library;

import java.io.IOException;
import java.util.Objects;

/** The file that receives the file system could not be written; tells this from a source that could not be read. */
public final class TargetException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Wraps the failure of the target's channel. */
    public TargetException(IOException cause) {
        super("cannot write the file system image: " + cause.getMessage(), cause);
    }

    @Override
    public synchronized IOException getCause() {
        return (IOException) Objects.requireNonNull(super.getCause());
    }
}
