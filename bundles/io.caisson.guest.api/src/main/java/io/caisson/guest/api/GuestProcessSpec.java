package io.caisson.guest.api;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** A process to run in a guest's container; fields as in the OCI runtime specification, "process". Immutable. */
public final class GuestProcessSpec {
    private final List<String> args;
    private final List<String> env;
    private final String cwd;
    private final String user;
    private final List<Integer> additionalGids;
    private final Optional<TerminalSize> terminal;
    private final boolean stdin;
    private final boolean noNewPrivileges;

    private GuestProcessSpec(Builder builder) {
        args = builder.args;
        env = List.copyOf(builder.env);
        cwd = builder.cwd;
        user = builder.user;
        additionalGids = List.copyOf(builder.additionalGids);
        terminal = builder.terminal;
        stdin = builder.stdin;
        noNewPrivileges = builder.noNewPrivileges;
    }

    /**
     * Begins a specification.
     *
     * @param args the command and its arguments, at least one; a name without a slash is looked up in PATH inside the
     *     container
     */
    public static Builder builder(List<String> args) {
        return new Builder(args);
    }

    /** The command and its arguments. */
    public List<String> args() {
        return args;
    }

    /** The environment, {@code NAME=value} each. */
    public List<String> env() {
        return env;
    }

    /** The working directory, absolute. */
    public String cwd() {
        return cwd;
    }

    /** {@code ""}, {@code name}, {@code uid}, {@code name:group} or {@code uid:gid}. */
    public String user() {
        return user;
    }

    /** Supplementary groups beyond those of the container's group file. */
    public List<Integer> additionalGids() {
        return additionalGids;
    }

    /** Its terminal and that terminal's first size; empty: pipes. */
    public Optional<TerminalSize> terminal() {
        return terminal;
    }

    /** Whether it gets a standard input; otherwise that is empty. */
    public boolean stdin() {
        return stdin;
    }

    /** Whether it may not gain privileges by executing. */
    public boolean noNewPrivileges() {
        return noNewPrivileges;
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
        private final List<String> args;
        private final List<String> env = new ArrayList<>();
        private String cwd = "/";
        private String user = "";
        private final List<Integer> additionalGids = new ArrayList<>();
        private Optional<TerminalSize> terminal = Optional.empty();
        private boolean stdin;
        private boolean noNewPrivileges;

        private Builder(List<String> args) {
            if (args.isEmpty() || args.getFirst().isEmpty()) {
                throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "a process needs a command");
            }
            this.args = List.copyOf(args);
        }

        /** More environment, {@code NAME=value} each; later ones win. */
        public Builder env(List<String> values) {
            env.addAll(values);
            return this;
        }

        /** The working directory; {@code /} unless said. */
        public Builder cwd(String value) {
            if (!value.startsWith("/")) {
                throw new CaissonException(
                        ErrorKind.INVALID_ARGUMENT, "working directory is not an absolute path: " + value);
            }
            cwd = value;
            return this;
        }

        /** The user; root unless said. */
        public Builder user(String value) {
            user = Objects.requireNonNull(value, "user");
            return this;
        }

        /** A supplementary group. */
        public Builder additionalGid(int value) {
            additionalGids.add(value);
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

        /** Forbids it to gain privileges. */
        public Builder noNewPrivileges(boolean value) {
            noNewPrivileges = value;
            return this;
        }

        /** The specification. */
        public GuestProcessSpec build() {
            return new GuestProcessSpec(this);
        }
    }
}
