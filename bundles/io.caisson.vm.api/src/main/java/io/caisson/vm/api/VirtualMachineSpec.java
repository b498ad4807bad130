package io.caisson.vm.api;

import io.caisson.kernel.api.Kernel;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.vsock.api.VsockAttachment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A virtual machine to start. Immutable. */
public final class VirtualMachineSpec {
    private final String id;
    private final Kernel kernel;
    private final InitialRamdisk initialRamdisk;
    private final VsockAttachment vsock;
    private final Path directory;
    private final int processors;
    private final long memoryBytes;
    private final List<BlockDisk> disks;
    private final List<String> kernelArguments;
    private final Optional<Standstill> standstill;
    private final Duration bootTimeout;

    private VirtualMachineSpec(Builder builder) {
        id = builder.id;
        kernel = require(builder.kernel, "kernel");
        initialRamdisk = require(builder.initialRamdisk, "initial RAM disk");
        vsock = require(builder.vsock, "vsock attachment");
        directory = require(builder.directory, "directory");
        processors = builder.processors;
        memoryBytes = builder.memoryBytes;
        disks = List.copyOf(builder.disks);
        kernelArguments = List.copyOf(builder.kernelArguments);
        standstill = builder.standstill;
        bootTimeout = builder.bootTimeout;
    }

    private static <T> T require(@Nullable T value, String what) {
        if (value == null) {
            throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "a virtual machine needs a " + what);
        }
        return value;
    }

    /** Begins a specification. The id names the machine in threads, errors and the host's process list. */
    public static Builder builder(String id) {
        return new Builder(id);
    }

    /** The machine's id. */
    public String id() {
        return id;
    }

    /** What it boots; its architecture is the machine's. */
    public Kernel kernel() {
        return kernel;
    }

    /** The initial RAM disk with the guest's init. */
    public InitialRamdisk initialRamdisk() {
        return initialRamdisk;
    }

    /** How the monitor reaches the host's end of the vsock device. */
    public VsockAttachment vsock() {
        return vsock;
    }

    /**
     * A directory of the caller's, accessible to its owner alone, that outlives the machine: the monitor's logs and
     * sockets go there, the guest's console to {@code console.log}.
     */
    public Path directory() {
        return directory;
    }

    /** Virtual processors, 1 to 64. */
    public int processors() {
        return processors;
    }

    /** Guest memory in bytes, a multiple of 1 MiB and at least 64 MiB. */
    public long memoryBytes() {
        return memoryBytes;
    }

    /** The disks; an index in this list is the number of the block slot. */
    public List<BlockDisk> disks() {
        return disks;
    }

    /** Kernel command line arguments beyond the kernel's own and the monitor's. */
    public List<String> kernelArguments() {
        return kernelArguments;
    }

    /**
     * How the guest stands still when it was booted without devices; empty when it needs them from the beginning. A
     * provider may boot such a guest once, keep its memory, and start from that every machine whose kernel, kernel
     * arguments, initial RAM disk, processors and memory are the same.
     */
    public Optional<Standstill> standstill() {
        return standstill;
    }

    /**
     * How long the guest may take to boot, where the provider waits for that: when it boots one for others to go on from.
     */
    public Duration bootTimeout() {
        return bootTimeout;
    }

    /** Collects a specification; not safe for use by several threads. */
    public static final class Builder {
        private final String id;
        private @Nullable Kernel kernel;
        private @Nullable InitialRamdisk initialRamdisk;
        private @Nullable VsockAttachment vsock;
        private @Nullable Path directory;
        private int processors = 1;
        private long memoryBytes = 256L << 20;
        private final List<BlockDisk> disks = new ArrayList<>();
        private final List<String> kernelArguments = new ArrayList<>();
        private Optional<Standstill> standstill = Optional.empty();
        private Duration bootTimeout = Duration.ofSeconds(30);

        private Builder(String id) {
            if (!id.matches("[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")) {
                throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "not a virtual machine id: " + id);
            }
            this.id = id;
        }

        /** What to boot. */
        public Builder kernel(Kernel value) {
            kernel = Objects.requireNonNull(value, "kernel");
            return this;
        }

        /** The initial RAM disk. */
        public Builder initialRamdisk(InitialRamdisk value) {
            initialRamdisk = Objects.requireNonNull(value, "initialRamdisk");
            return this;
        }

        /** The vsock device. */
        public Builder vsock(VsockAttachment value) {
            vsock = Objects.requireNonNull(value, "vsock");
            return this;
        }

        /** The directory for logs and sockets. */
        public Builder directory(Path value) {
            if (!value.isAbsolute()) {
                throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "machine directory is not absolute: " + value);
            }
            directory = value;
            return this;
        }

        /** Virtual processors; 1 unless said. */
        public Builder processors(int value) {
            if (value < 1 || value > 64) {
                throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "processors must be 1 to 64, not " + value);
            }
            processors = value;
            return this;
        }

        /** Guest memory; 256 MiB unless said. */
        public Builder memoryBytes(long value) {
            if (value < 64L << 20 || value % (1L << 20) != 0) {
                throw new CaissonException(
                        ErrorKind.INVALID_ARGUMENT,
                        "memory must be a multiple of 1 MiB and at least 64 MiB, not " + value + " bytes");
            }
            memoryBytes = value;
            return this;
        }

        /** Puts a disk into the next block slot. */
        public Builder disk(BlockDisk value) {
            disks.add(Objects.requireNonNull(value, "disk"));
            return this;
        }

        /** One more kernel command line argument, without spaces. */
        public Builder kernelArgument(String value) {
            if (value.isEmpty() || value.chars().anyMatch(c -> c <= ' ' || c > '~')) {
                throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "not a kernel argument: '" + value + "'");
            }
            kernelArguments.add(value);
            return this;
        }

        /** The guest stands still when it has no devices. */
        public Builder standstill(Standstill value) {
            standstill = Optional.of(value);
            return this;
        }

        /** How long the guest may take to boot; 30 seconds unless said. */
        public Builder bootTimeout(Duration value) {
            if (!value.isPositive()) {
                throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "not a time for a guest to boot: " + value);
            }
            bootTimeout = value;
            return this;
        }

        /**
         * The specification.
         *
         * @throws CaissonException INVALID_ARGUMENT when something required was not given
         */
        public VirtualMachineSpec build() {
            return new VirtualMachineSpec(this);
        }
    }
}
