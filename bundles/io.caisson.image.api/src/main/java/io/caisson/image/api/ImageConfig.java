package io.caisson.image.api;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * How to run an image: what Caisson uses of the image configuration (OCI image-spec v1.1, "OCI Image Configuration",
 * property {@code config}). Immutable.
 */
public final class ImageConfig {
    private final List<String> entrypoint;
    private final List<String> command;
    private final List<String> env;
    private final String workingDirectory;
    private final String user;
    private final Optional<String> stopSignal;
    private final Map<String, String> labels;

    private ImageConfig(Builder builder) {
        entrypoint = builder.entrypoint;
        command = builder.command;
        env = builder.env;
        workingDirectory = builder.workingDirectory;
        user = builder.user;
        stopSignal = builder.stopSignal;
        labels = builder.labels;
    }

    /** Begins a configuration: no command, no environment, working directory {@code /}, root. */
    public static Builder builder() {
        return new Builder();
    }

    /** {@code Entrypoint}: the command's beginning. */
    public List<String> entrypoint() {
        return entrypoint;
    }

    /** {@code Cmd}: the command's default rest. */
    public List<String> command() {
        return command;
    }

    /** {@code Env}: {@code NAME=value} each. */
    public List<String> env() {
        return env;
    }

    /** {@code WorkingDir}: absolute; {@code /} when the image names none. */
    public String workingDirectory() {
        return workingDirectory;
    }

    /** {@code User}: {@code name}, {@code uid}, {@code name:group} or {@code uid:gid}; empty: root. */
    public String user() {
        return user;
    }

    /** {@code StopSignal}: by name or number. */
    public Optional<String> stopSignal() {
        return stopSignal;
    }

    /** {@code Labels}: free properties. */
    public Map<String, String> labels() {
        return labels;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ImageConfig that
                && entrypoint.equals(that.entrypoint)
                && command.equals(that.command)
                && env.equals(that.env)
                && workingDirectory.equals(that.workingDirectory)
                && user.equals(that.user)
                && stopSignal.equals(that.stopSignal)
                && labels.equals(that.labels);
    }

    @Override
    public int hashCode() {
        return Objects.hash(entrypoint, command, env, workingDirectory, user, stopSignal, labels);
    }

    @Override
    public String toString() {
        return "ImageConfig[entrypoint=" + entrypoint + ", command=" + command + ", env=" + env + ", workingDirectory="
                + workingDirectory + ", user=" + user + ", stopSignal=" + stopSignal + ", labels=" + labels + "]";
    }

    /** Collects a configuration; not safe for use by several threads. */
    public static final class Builder {
        private List<String> entrypoint = List.of();
        private List<String> command = List.of();
        private List<String> env = List.of();
        private String workingDirectory = "/";
        private String user = "";
        private Optional<String> stopSignal = Optional.empty();
        private Map<String, String> labels = Map.of();

        private Builder() {}

        /** The command's beginning. */
        public Builder entrypoint(List<String> value) {
            entrypoint = List.copyOf(value);
            return this;
        }

        /** The command's default rest. */
        public Builder command(List<String> value) {
            command = List.copyOf(value);
            return this;
        }

        /** The whole environment, {@code NAME=value} each. */
        public Builder env(List<String> value) {
            env = List.copyOf(value);
            return this;
        }

        /** The working directory; a relative one, which some tools write, counts from {@code /}. */
        public Builder workingDirectory(String value) {
            workingDirectory = value.startsWith("/") ? value : "/" + value;
            return this;
        }

        /** The user. */
        public Builder user(String value) {
            user = Objects.requireNonNull(value, "user");
            return this;
        }

        /** The signal that asks the command to end. */
        public Builder stopSignal(String value) {
            stopSignal = Optional.of(value);
            return this;
        }

        /** All labels. */
        public Builder labels(Map<String, String> value) {
            labels = Map.copyOf(value);
            return this;
        }

        /** The configuration. */
        public ImageConfig build() {
            return new ImageConfig(this);
        }
    }
}
