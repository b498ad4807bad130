package io.caisson.shell.library;

import java.util.Objects;

/**
 * What a command returns that has an exit status of its own, such as that of a container's process.
 *
 * @param value what to print; an empty string prints nothing
 * @param status 0 to 255
 */
public record CommandResult(Object value, int status) {
    /** Checks the range. */
    public CommandResult {
        Objects.requireNonNull(value, "value");
        if (status < 0 || status > 255) {
            throw new IllegalArgumentException("exit status " + status);
        }
    }

    /** Nothing to print but an exit status. */
    public static CommandResult exit(int status) {
        return new CommandResult("", status);
    }

    @Override
    public String toString() {
        return value.equals("") && status != 0 ? "exit status " + status : value.toString();
    }
}
