package io.caisson.archive.library;

import java.io.IOException;

/** A layer is compressed in a way this library does not read. */
public final class UnsupportedCompressionException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Says which compression it is. */
    public UnsupportedCompressionException(String message) {
        super(message);
    }
}
