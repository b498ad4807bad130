package io.caisson.image.layout.provider;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.OptionalLong;

/** A layout in a directory. Symbolic links are followed as long as they stay within it. */
final class LayoutDirectory implements LayoutFiles {
    private final Path directory;
    private final Path real;

    LayoutDirectory(Path directory) throws IOException {
        this.directory = directory;
        real = directory.toRealPath();
    }

    @Override
    public String name() {
        return directory.toString();
    }

    @Override
    public OptionalLong size(String path) throws IOException {
        Path file = real.resolve(path);
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return OptionalLong.empty();
        }
        if (!Files.exists(file)) {
            throw new LayoutException(path + " is a symbolic link to nothing");
        }
        Path target = file.toRealPath();
        if (!target.startsWith(real)) {
            throw new LayoutException(path + " leads out of the layout, to " + target);
        }
        // Opening a named pipe would wait for ever.
        if (!Files.isRegularFile(target)) {
            throw new LayoutException(path + " is no regular file");
        }
        return OptionalLong.of(Files.size(target));
    }

    @Override
    public InputStream open(String path) throws IOException {
        if (size(path).isEmpty()) {
            throw new LayoutException(path + " is missing");
        }
        return new FileInputStream(real.resolve(path).toFile());
    }

    @Override
    public void close() {}
}
