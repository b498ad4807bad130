package io.caisson.ext4.library;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * What an inode says about a file, besides its kind and content. The change and creation times are the modification
 * time. Times outside of what 34 bits of seconds hold (1901 to 2446) become the nearest that they hold.
 */
public final class Ext4Attributes {
    private final int permissions;
    private final int uid;
    private final int gid;
    private final Instant modified;
    private final Instant accessed;
    private final Map<String, byte[]> extended;

    private Ext4Attributes(
            int permissions, int uid, int gid, Instant modified, Instant accessed, Map<String, byte[]> extended) {
        this.permissions = permissions;
        this.uid = uid;
        this.gid = gid;
        this.modified = Objects.requireNonNull(modified, "modified");
        this.accessed = Objects.requireNonNull(accessed, "accessed");
        this.extended = extended;
    }

    /**
     * Attributes without extended ones, last read when last modified.
     *
     * @param permissions the low twelve bits of the mode
     * @param uid the owner, an unsigned 32-bit number
     * @param gid the group, an unsigned 32-bit number
     * @param modified when the content was last modified
     */
    public static Ext4Attributes of(int permissions, long uid, long gid, Instant modified) {
        if ((permissions & ~0xFFF) != 0) {
            throw new IllegalArgumentException("permissions " + Integer.toOctalString(permissions));
        }
        return new Ext4Attributes(permissions, id(uid), id(gid), modified, modified, Map.of());
    }

    private static int id(long id) {
        if (id < 0 || id > 0xFFFF_FFFFL) {
            throw new IllegalArgumentException("owner or group " + id);
        }
        return (int) id;
    }

    /** The same with another access time. */
    public Ext4Attributes withAccessed(Instant instant) {
        return new Ext4Attributes(permissions, uid, gid, modified, instant, extended);
    }

    /**
     * The same with these extended attributes: name, with its namespace, to value. POSIX access control lists are given
     * as the system call gives them. A name in a namespace that ext4 has no number for is left out, as it is when the
     * kernel's {@code setxattr} answers ENOTSUP.
     */
    public Ext4Attributes withExtended(Map<String, byte[]> attributes) {
        Map<String, byte[]> copy = new HashMap<>();
        attributes.forEach((name, value) -> copy.put(name, value.clone()));
        return new Ext4Attributes(permissions, uid, gid, modified, accessed, copy);
    }

    int permissions() {
        return permissions;
    }

    int uid() {
        return uid;
    }

    int gid() {
        return gid;
    }

    Instant modified() {
        return modified;
    }

    Instant accessed() {
        return accessed;
    }

    Map<String, byte[]> extended() {
        return extended;
    }
}
