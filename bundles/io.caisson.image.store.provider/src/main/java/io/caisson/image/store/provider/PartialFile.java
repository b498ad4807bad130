package io.caisson.image.store.provider;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/** A file that is being written and nobody sees. Closing it without publishing removes it. */
final class PartialFile implements AutoCloseable {
    private final Path path;
    private final FileChannel file;
    private boolean published;

    PartialFile(Path path, FileChannel file) {
        this.path = path;
        this.file = file;
    }

    Path path() {
        return path;
    }

    void write(byte[] bytes, int count) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(bytes, 0, count);
        while (left.hasRemaining()) {
            file.write(left);
        }
    }

    /** Puts the file on disk under its name, for good; from then on nobody writes to it. */
    void publish(Path directory, String name) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("r--r--r--"));
        file.force(true);
        Files.move(path, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        published = true;
        force(directory);
    }

    /** Puts a directory's entries on disk, so that a rename survives a power cut. */
    static void force(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            file.close();
        } finally {
            if (!published) {
                Files.deleteIfExists(path);
            }
        }
    }
}
