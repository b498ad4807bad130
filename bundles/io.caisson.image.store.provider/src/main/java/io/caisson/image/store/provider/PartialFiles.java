package io.caisson.image.store.provider;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Files that are being written. Each is locked by the process that writes it, so that what a process that died left
 * behind can be told apart: it can be locked by others.
 *
 * <p>A file is named after the writing process, which keeps its hands off its own: the locks are POSIX record locks
 * (fcntl(2), "Record locking"), and a process loses its lock when it closes any descriptor of the file.
 */
final class PartialFiles {
    private final Path directory;
    private final AtomicBoolean swept = new AtomicBoolean();

    PartialFiles(Path directory) {
        this.directory = directory;
    }

    /** A new file, locked. The first call in a process removes what dead processes left. */
    PartialFile create() throws IOException {
        Files.createDirectories(directory);
        String prefix = ProcessHandle.current().pid() + "-";
        if (swept.compareAndSet(false, true)) {
            sweep(prefix);
        }
        while (true) {
            Path path = directory.resolve(prefix + UUID.randomUUID());
            FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            try {
                FileLock lock = file.tryLock();
                // A sweeping process may come between creation and lock.
                if (lock != null && Files.exists(path)) {
                    return new PartialFile(path, file);
                }
                file.close();
            } catch (IOException | RuntimeException | Error e) {
                file.close();
                Files.deleteIfExists(path);
                throw e;
            }
        }
    }

    private void sweep(String prefix) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path path : files) {
                if (!path.getFileName().toString().startsWith(prefix)) {
                    removeIfOrphaned(path);
                }
            }
        }
    }

    private static void removeIfOrphaned(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            if (channel.tryLock() != null) {
                Files.deleteIfExists(path);
            }
        } catch (NoSuchFileException e) {
            // Another process was faster.
        }
    }
}
