package io.caisson.container.api;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** A process to run in a container. What is not said comes from the image. Immutable. */
public final class ProcessSpec {
    private final List<String> args;
    private final List<String> env;
    private final Optional<String> workingDirectory;
    private final Optional<String> user;
    private final Optional<TerminalSize> terminal;
    private final boolean stdin;

    private ProcessSpec(Builder builder) {
        args = List.copyOf(builder.args);
        env = List.copyOf(builder.env);
        workingDirectory = builder.workingDirectory;
        user = builder.user;
        terminal = builder.terminal;
        stdin = builder.stdin;
    }

    /** Begins a specification. */
    public static Builder builder() {
        return new Builder();
    }

    /** The arguments after the image's entry point; for {@code exec} the whole command. */
    public List<String> args() {
        return args;
    }

    /** {@code NAME=value} each, beyond and over the image's. */
    public List<String> env() {
        return env;
    }

    /** Instead of the image's. */
    public Optional<String> workingDirectory() {
        return workingDirectory;
    }

    /** Instead of the image's. */
    public Optional<String> user() {
        return user;
    }

    /** Its terminal and that terminal's first size; empty: pipes. */
    public Optional<TerminalSize> terminal() {
        return terminal;
    }

    /** Whether it gets a standard input. */
    public boolean stdin() {
        return stdin;
    }

    /**
     * A terminal's size in characters.
     *
     * @param rows 1 to 65535
     * @param columns 1 to 65535
     */
    public record TerminalSize(int rows, int columns) {
        /** Checks the ranges. */
        public TerminalSize {
            if (rows < 1 || rows > 65535 || columns < 1 || columns > 65535) {
                throw new CaissonException(
                        ErrorKind.INVALID_ARGUMENT, "terminal size " + rows + "×" + columns + " is out of range");
            }
        }
    }

    /** Collects a specification; not safe for use by several threads. */
    public static final class Builder {
        private final List<String> args = new ArrayList<>();
        private final List<String> env = new ArrayList<>();
        private Optional<String> workingDirectory = Optional.empty();
        private Optional<String> user = Optional.empty();
        private Optional<TerminalSize> terminal = Optional.empty();
        private boolean stdin;

        private Builder() {}

        /** More arguments. */
        public Builder args(List<String> values) {
            args.addAll(values);
            return this;
        }

        /**
         * One more environment variable.
         *
         * @param value {@code NAME=value}
         */
        public Builder env(String value) {
            if (value.indexOf('=') < 1 || value.indexOf('\0') >= 0) {
                throw new CaissonException(
                        ErrorKind.INVALID_ARGUMENT, "not an environment variable: '" + value + "' (write NAME=value)");
            }
            env.add(value);
            return this;
        }

        /** The working directory, absolute. */
        public Builder workingDirectory(String value) {
            if (!value.startsWith("/")) {
                throw new CaissonException(
                        ErrorKind.INVALID_ARGUMENT, "working directory is not an absolute path: " + value);
            }
            workingDirectory = Optional.of(value);
            return this;
        }

        /** The user: {@code name}, {@code uid}, {@code name:group} or {@code uid:gid}. */
        public Builder user(String value) {
            user = Optional.of(Objects.requireNonNull(value, "user"));
            return this;
        }

        /** Gives it a terminal. */
        public Builder terminal(TerminalSize size) {
            terminal = Optional.of(size);
            return this;
        }

        /** Gives it a standard input. */
        public Builder stdin(boolean value) {
            stdin = value;
            return this;
        }

        /** The specification. */
        public ProcessSpec build() {
            return new ProcessSpec(this);
        }
    }
}
