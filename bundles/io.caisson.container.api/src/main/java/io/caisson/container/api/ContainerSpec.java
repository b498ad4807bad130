package io.caisson.container.api;

import io.caisson.image.api.ImageReference;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.Platform;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/** A container to run. What is not said is chosen by Caisson. Immutable. */
public final class ContainerSpec {
    private final ImageReference image;
    private final ProcessSpec process;
    private final Platform platform;
    private final Optional<String> name;
    private final Optional<String> hostname;
    private final int processors;
    private final long memoryBytes;
    private final long scratchBytes;
    private final boolean readOnly;
    private final Optional<String> vm;
    private final Optional<String> kernel;
    private final Optional<String> rootfs;
    private final Duration bootTimeout;

    private ContainerSpec(Builder builder) {
        image = builder.image;
        process = builder.process;
        platform = builder.platform;
        name = builder.name;
        hostname = builder.hostname;
        processors = builder.processors;
        memoryBytes = builder.memoryBytes;
        scratchBytes = builder.scratchBytes;
        readOnly = builder.readOnly;
        vm = builder.vm;
        kernel = builder.kernel;
        rootfs = builder.rootfs;
        bootTimeout = builder.bootTimeout;
    }

    /** Begins a specification of a container from this image. */
    public static Builder builder(ImageReference image) {
        return new Builder(image);
    }

    /** What to run. */
    public ImageReference image() {
        return image;
    }

    /** Its first process. */
    public ProcessSpec process() {
        return process;
    }

    /** The platform to run; the host's unless said. */
    public Platform platform() {
        return platform;
    }

    /** Its name; empty: its id's first 12 digits. */
    public Optional<String> name() {
        return name;
    }

    /** Its host name; empty: its name. */
    public Optional<String> hostname() {
        return hostname;
    }

    /** Virtual processors. */
    public int processors() {
        return processors;
    }

    /** Memory of its machine, in bytes. */
    public long memoryBytes() {
        return memoryBytes;
    }

    /** Size of the disk for its writes, in bytes; sparse, so only what is written takes room. */
    public long scratchBytes() {
        return scratchBytes;
    }

    /** Whether it sees its root read-only. */
    public boolean readOnly() {
        return readOnly;
    }

    /** The VM provider to use, by name; empty: the best there is. */
    public Optional<String> vm() {
        return vm;
    }

    /** The kernel to use, by name; empty: the best there is. */
    public Optional<String> kernel() {
        return kernel;
    }

    /** The rootfs builder to use, by name; empty: the best there is. */
    public Optional<String> rootfs() {
        return rootfs;
    }

    /** How long the guest may take until it answers. */
    public Duration bootTimeout() {
        return bootTimeout;
    }

    /** Collects a specification; not safe for use by several threads. */
    public static final class Builder {
        private final ImageReference image;
        private ProcessSpec process = ProcessSpec.builder().build();
        private Platform platform = Platform.host();
        private Optional<String> name = Optional.empty();
        private Optional<String> hostname = Optional.empty();
        private int processors = 1;
        private long memoryBytes = 256L << 20;
        private long scratchBytes = 64L << 30;
        private boolean readOnly;
        private Optional<String> vm = Optional.empty();
        private Optional<String> kernel = Optional.empty();
        private Optional<String> rootfs = Optional.empty();
        private Duration bootTimeout = Duration.ofSeconds(30);

        private Builder(ImageReference image) {
            this.image = Objects.requireNonNull(image, "image");
        }

        /** Its first process. */
        public Builder process(ProcessSpec value) {
            process = Objects.requireNonNull(value, "process");
            return this;
        }

        /** The platform. */
        public Builder platform(Platform value) {
            platform = Objects.requireNonNull(value, "platform");
            return this;
        }

        /** Its name. */
        public Builder name(String value) {
            if (!value.matches("[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")) {
                throw new CaissonException(
                        ErrorKind.INVALID_ARGUMENT,
                        "not a container name: '" + value + "' (letters, digits, '_', '.' and '-', at most 128)");
            }
            name = Optional.of(value);
            return this;
        }

        /** Its host name. */
        public Builder hostname(String value) {
            if (!value.matches("[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?")) {
                throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "not a host name: '" + value + "'");
            }
            hostname = Optional.of(value);
            return this;
        }

        /** Virtual processors, 1 to 64. */
        public Builder processors(int value) {
            if (value < 1 || value > 64) {
                throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "processors must be 1 to 64, not " + value);
            }
            processors = value;
            return this;
        }

        /** Memory in bytes, at least 64 MiB; rounded up to whole MiB. */
        public Builder memoryBytes(long value) {
            if (value < 64L << 20 || value > 1L << 44) {
                throw new CaissonException(
                        ErrorKind.INVALID_ARGUMENT, "memory must be at least 64 MiB, not " + value + " bytes");
            }
            memoryBytes = (value + (1L << 20) - 1) & -(1L << 20);
            return this;
        }

        /** Size of the disk for its writes, in bytes, at least 16 MiB; rounded up to whole MiB. */
        public Builder scratchBytes(long value) {
            if (value < 16L << 20 || value > 1L << 44) {
                throw new CaissonException(
                        ErrorKind.INVALID_ARGUMENT, "a scratch disk has 16 MiB to 16 TiB, not " + value + " bytes");
            }
            scratchBytes = (value + (1L << 20) - 1) & -(1L << 20);
            return this;
        }

        /** Whether it sees its root read-only. */
        public Builder readOnly(boolean value) {
            readOnly = value;
            return this;
        }

        /** The VM provider to use. */
        public Builder vm(String value) {
            vm = Optional.of(value);
            return this;
        }

        /** The kernel to use. */
        public Builder kernel(String value) {
            kernel = Optional.of(value);
            return this;
        }

        /** The rootfs builder to use. */
        public Builder rootfs(String value) {
            rootfs = Optional.of(value);
            return this;
        }

        /** How long the guest may take until it answers; positive. */
        public Builder bootTimeout(Duration value) {
            if (!value.isPositive()) {
                throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "boot timeout must be positive: " + value);
            }
            bootTimeout = value;
            return this;
        }

        /** The specification. */
        public ContainerSpec build() {
            return new ContainerSpec(this);
        }
    }
}
