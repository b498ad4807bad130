package io.caisson.vm.qemu.provider;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A QEMU on this host: which file, and which one it is of those that were there in the course of time.
 *
 * @param path absolute
 * @param size in bytes
 * @param modified in milliseconds since 1970
 */
record QemuProgram(Path path, long size, long modified) {
    /** Where distributions put it that do not mean it to be called by its name. */
    private static final String FURTHER_DIRECTORIES = ":/usr/bin:/usr/local/bin:/usr/libexec";

    /**
     * Finds it.
     *
     * @param name of the program
     * @param configured the path to take instead of searching
     * @param searchPath the variable {@code PATH}
     */
    static Optional<QemuProgram> find(String name, @Nullable String configured, String searchPath) {
        if (configured != null) {
            return at(Path.of(configured));
        }
        for (String directory : (searchPath + FURTHER_DIRECTORIES).split(":", -1)) {
            if (directory.startsWith("/")) {
                Optional<QemuProgram> found = at(Path.of(directory, name));
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<QemuProgram> at(Path path) {
        try {
            var attributes = Files.readAttributes(path, BasicFileAttributes.class);
            if (!attributes.isRegularFile() || !Files.isExecutable(path)) {
                return Optional.empty();
            }
            return Optional.of(new QemuProgram(
                    path.toAbsolutePath(),
                    attributes.size(),
                    attributes.lastModifiedTime().toMillis()));
        } catch (IOException e) {
            // Not there, or in a directory that is not for us: the next may be.
            return Optional.empty();
        }
    }
}
