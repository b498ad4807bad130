package io.caisson.launcher;

import org.jspecify.annotations.Nullable;

/** Caisson cannot be started; the message is one line for a person. */
final class LaunchException extends Exception {
    private static final long serialVersionUID = 1L;

    LaunchException(String message) {
        this(message, null);
    }

    LaunchException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
