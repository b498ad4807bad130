package io.caisson.rootfs.api;

import java.nio.file.Path;
import java.util.Objects;

/**
 * A read-only block image of a root file system.
 *
 * @param file where it is
 * @param fileSystem what it is mounted as, such as {@code ext4}
 */
public record RootfsImage(Path file, String fileSystem) {
    /** Checks that both parts are there. */
    public RootfsImage {
        Objects.requireNonNull(file, "file");
        Objects.requireNonNull(fileSystem, "fileSystem");
    }
}
