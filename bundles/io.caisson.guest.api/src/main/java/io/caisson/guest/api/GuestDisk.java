package io.caisson.guest.api;

import java.util.Objects;

/**
 * A disk as the guest finds it.
 *
 * @param serial its serial number
 * @param fileSystem the file system on it, such as {@code ext4}
 */
public record GuestDisk(String serial, String fileSystem) {
    /** Checks that both parts are there. */
    public GuestDisk {
        Objects.requireNonNull(serial, "serial");
        Objects.requireNonNull(fileSystem, "fileSystem");
    }
}
