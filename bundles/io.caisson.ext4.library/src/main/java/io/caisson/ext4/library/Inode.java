package io.caisson.ext4.library;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A file while the file system is being made. There may be a million of them, so fields are few and small. */
final class Inode {
    static final int ROOT = 2;

    /** {@code s_first_ino}: those below have meanings of their own (special_inodes.rst). */
    static final int FIRST_UNRESERVED = 11;

    /** {@code EXT4_LINK_MAX}. */
    static final int MAX_LINKS = 65_000;

    final FileKind kind;
    int number;
    int permissions;
    int uid;
    int gid;
    int modifiedNanos;
    int accessedNanos;
    long modified;
    long accessed;

    /** Bytes; for a directory known when its blocks are written. */
    long size;

    /** Names that lead here; for a directory, its subdirectories (its own two names are counted when it is written). */
    int links;

    /** Where the content is; null when there is none. */
    @Nullable
    Extents extents;

    /** A {@link Directory}, a symbolic link's target as {@code byte[]}, a device's numbers as {@link Long}, or null. */
    @Nullable
    Object payload;

    /** What does not fit into the fields above and few files have. */
    @Nullable
    Map<String, byte[]> extended;

    /** The block of extended attributes that did not fit into the inode; 0: none. */
    long extendedBlock;

    /** {@code i_block} when the extents need a tree; null when they fit into the inode. */
    byte @Nullable [] extentRoot;

    /** Blocks taken besides content: extent tree and extended attributes. */
    int metadataBlocks;

    Inode(FileKind kind) {
        this.kind = kind;
    }

    void set(Ext4Attributes attributes) {
        permissions = attributes.permissions();
        uid = attributes.uid();
        gid = attributes.gid();
        Instant time = attributes.modified();
        modified = time.getEpochSecond();
        modifiedNanos = time.getNano();
        time = attributes.accessed();
        accessed = time.getEpochSecond();
        accessedNanos = time.getNano();
        extended = attributes.extended().isEmpty() ? null : attributes.extended();
    }

    int mode() {
        return kind.modeBits | permissions;
    }

    Directory directory() {
        if (payload instanceof Directory directory) {
            return directory;
        }
        throw new IllegalArgumentException("not a directory");
    }
}
