package io.caisson.guest.api;

import java.util.List;
import java.util.Objects;

/**
 * A mount in a container, as mount(2) takes it.
 *
 * @param type the file system type, such as {@code tmpfs}
 * @param source what is mounted
 * @param target absolute path inside the container; symbolic links in it never leave the container's root
 * @param options flags by their fstab names and file system data
 */
public record GuestMount(String type, String source, String target, List<String> options) {
    /** Checks that the target is absolute, copies the options. */
    public GuestMount {
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(source, "source");
        if (!target.startsWith("/")) {
            throw new IllegalArgumentException("mount target is not absolute: " + target);
        }
        options = List.copyOf(options);
    }
}
