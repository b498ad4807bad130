package io.caisson.ext4.library;

import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.UUID;

/** How a file system is to be made. Immutable. */
public final class Ext4Options {
    private static final int MAX_LABEL_BYTES = 16;

    private final int blockSize;
    private final OptionalLong size;
    private final long maximumSize;
    private final int bytesPerInode;
    private final UUID uuid;
    private final UUID hashSeed;
    private final String label;
    private final long time;
    private final boolean lostAndFound;

    private Ext4Options(Builder builder) {
        blockSize = builder.blockSize;
        size = builder.size;
        maximumSize = builder.maximumSize;
        bytesPerInode = builder.bytesPerInode;
        uuid = builder.uuid;
        hashSeed = builder.hashSeed;
        label = builder.label;
        time = builder.time;
        lostAndFound = builder.lostAndFound;
    }

    /** Options to choose from; what is not chosen is as each method says. */
    public static Builder builder(UUID uuid) {
        return new Builder(uuid);
    }

    int blockSize() {
        return blockSize;
    }

    /** The size in bytes; empty when it follows from the content. */
    OptionalLong size() {
        return size;
    }

    long maximumSize() {
        return size.orElse(maximumSize);
    }

    int bytesPerInode() {
        return bytesPerInode;
    }

    UUID uuid() {
        return uuid;
    }

    UUID hashSeed() {
        return hashSeed;
    }

    byte[] label() {
        return label.getBytes(StandardCharsets.UTF_8);
    }

    long time() {
        return time;
    }

    boolean lostAndFound() {
        return lostAndFound;
    }

    /** Chooses options; used by one thread. */
    public static final class Builder {
        private final UUID uuid;
        private int blockSize = 4096;
        private OptionalLong size = OptionalLong.empty();
        private long maximumSize = 1L << 40;
        private int bytesPerInode = 16384;
        private UUID hashSeed;
        private String label = "";
        private long time;
        private boolean lostAndFound = true;

        private Builder(UUID uuid) {
            this.uuid = Objects.requireNonNull(uuid, "uuid");
            hashSeed =
                    new UUID(Long.reverse(uuid.getLeastSignificantBits()), Long.reverse(uuid.getMostSignificantBits()));
        }

        /** Bytes in a block: 1024, 2048 or 4096 (default). */
        public Builder blockSize(int bytes) {
            if (bytes != 1024 && bytes != 2048 && bytes != 4096) {
                throw new IllegalArgumentException("block size " + bytes + ": 1024, 2048 and 4096 are possible");
            }
            blockSize = bytes;
            return this;
        }

        /**
         * The size of the file system in bytes, at least 1 MiB, rounded down to whole blocks. Default: as large as the
         * content needs, without room for more.
         */
        public Builder size(long bytes) {
            if (bytes < 1 << 20) {
                throw new IllegalArgumentException("file system of " + bytes + " bytes: 1 MiB is the least");
            }
            size = OptionalLong.of(bytes);
            return this;
        }

        /** How large a file system without a given size may become, in bytes; default 1 TiB. */
        public Builder maximumSize(long bytes) {
            if (bytes < 1 << 20) {
                throw new IllegalArgumentException("maximum size of " + bytes + " bytes: 1 MiB is the least");
            }
            maximumSize = bytes;
            return this;
        }

        /** A file system of a given size has an inode for so many bytes; 1024 to 4 MiB, default 16384. */
        public Builder bytesPerInode(int bytes) {
            if (bytes < 1024 || bytes > 4 << 20) {
                throw new IllegalArgumentException("bytes for each inode " + bytes + ": 1024 to 4 MiB are possible");
            }
            bytesPerInode = bytes;
            return this;
        }

        /** The seed of directory hashes; default: derived from the UUID. */
        public Builder hashSeed(UUID seed) {
            hashSeed = Objects.requireNonNull(seed, "seed");
            return this;
        }

        /** The volume's name, at most 16 bytes of UTF-8; default none. */
        public Builder label(String text) {
            if (text.getBytes(StandardCharsets.UTF_8).length > MAX_LABEL_BYTES) {
                throw new IllegalArgumentException("label '" + text + "' is over " + MAX_LABEL_BYTES + " bytes");
            }
            label = text;
            return this;
        }

        /**
         * The time the file system says it was made at, and the time of directories nobody gave one, in seconds since
         * 1970; default 0.
         */
        public Builder time(long seconds) {
            if (seconds < 0 || seconds >= 1L << 40) {
                throw new IllegalArgumentException("time " + seconds);
            }
            time = seconds;
            return this;
        }

        /** Whether there is a directory for what e2fsck finds; default true. */
        public Builder lostAndFound(boolean wanted) {
            lostAndFound = wanted;
            return this;
        }

        /** The options chosen. */
        public Ext4Options build() {
            return new Ext4Options(this);
        }
    }
}
