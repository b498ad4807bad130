package io.caisson.image.layout.provider;

import java.io.IOException;

/** A layout that is not what the specification says; the message names the part that is wrong. */
final class LayoutException extends IOException {
    private static final long serialVersionUID = 1L;

    LayoutException(String message) {
        super(message);
    }

    LayoutException(String message, IOException cause) {
        super(message, cause);
    }
}
