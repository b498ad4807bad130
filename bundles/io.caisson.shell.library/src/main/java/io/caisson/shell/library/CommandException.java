package io.caisson.shell.library;

import org.jspecify.annotations.Nullable;

/** A command failed in a way that has an exit status of its own, such as 127 for a missing executable. */
public final class CommandException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;

    /**
     * A failure.
     *
     * @param status 1 to 255
     * @param message one line for a person
     */
    public CommandException(int status, @Nullable String message, @Nullable Throwable cause) {
        super(message, cause);
        if (status < 1 || status > 255) {
            throw new IllegalArgumentException("exit status " + status);
        }
        this.status = status;
    }

    /** The exit status. */
    public int status() {
        return status;
    }

    /** As {@link io.caisson.service.api.CaissonException}'s. */
    @Override
    @SuppressWarnings("OverrideThrowableToString")
    public String toString() {
        return "caisson: " + getMessage();
    }
}
