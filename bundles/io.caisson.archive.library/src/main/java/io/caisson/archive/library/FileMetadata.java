package io.caisson.archive.library;

import java.time.Instant;
import java.util.Map;
import java.util.Objects;

/**
 * What belongs to a file besides its kind and content.
 *
 * @param permissions the low twelve bits of the mode
 * @param uid its owner, 0 to 2³²-1
 * @param gid its group, 0 to 2³²-1
 * @param modified when it was last modified
 * @param accessed when it was last read; never before {@code modified}
 * @param extended extended attributes by full name; the values are not copied and not to be changed
 */
public record FileMetadata(
        int permissions, long uid, long gid, Instant modified, Instant accessed, Map<String, byte[]> extended) {
    /** Checks the ranges and copies the map. */
    public FileMetadata {
        if ((permissions & ~0xFFF) != 0 || uid < 0 || uid > 0xFFFF_FFFFL || gid < 0 || gid > 0xFFFF_FFFFL) {
            throw new IllegalArgumentException("mode " + permissions + " of " + uid + ":" + gid);
        }
        Objects.requireNonNull(modified, "modified");
        Objects.requireNonNull(accessed, "accessed");
        extended = Map.copyOf(extended);
    }
}
