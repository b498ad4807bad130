package io.caisson.launcher;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.osgi.framework.BundleException;

/**
 * The framework's storage. All one-shot commands of a distribution share one, prepared once beside its place and
 * published by renaming it; they only read it. A lock file beside it, held shared while a framework uses it, keeps
 * others from removing it. Storages that nobody uses any more are removed when a new one is made; those that were one
 * framework's alone, and that framework was killed, by the next command.
 */
final class Storage implements AutoCloseable {
    /** Images and containers may hold what is not for others' eyes. */
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    /** Begins the names of storages of one framework alone. */
    private static final String OWN = "own-";

    private final Path directory;
    private final FileChannel lock;
    private final boolean temporary;

    private Storage(Path directory, FileChannel lock, boolean temporary) {
        this.directory = directory;
        this.lock = lock;
        this.temporary = temporary;
    }

    Path directory() {
        return directory;
    }

    /** Whether other frameworks use it at the same time, so that none may write to it. */
    boolean isShared() {
        return !temporary;
    }

    /** The storage that this distribution's one-shot commands share. */
    static Storage shared(Path home, Distribution distribution)
            throws IOException, LaunchException, BundleException, InterruptedException {
        Path parent = parent(home);
        Path directory = parent.resolve(distribution.identity());
        removeUnused(parent, OWN);
        FileChannel lock = LockFile.share(lockFile(directory));
        try {
            if (!Files.isDirectory(directory)) {
                publish(parent, directory, home, distribution);
            }
            return new Storage(directory, lock, false);
        } catch (Throwable e) {
            lock.close();
            throw e;
        }
    }

    /** A storage for one framework alone, removed when it is closed. */
    static Storage own(Path home, Distribution distribution)
            throws IOException, LaunchException, BundleException, InterruptedException {
        Path parent = parent(home);
        removeUnused(parent, OWN);
        Path directory = parent.resolve(OWN + ProcessHandle.current().pid());
        FileChannel lock = LockFile.share(lockFile(directory));
        try {
            delete(directory);
            RunningFramework.install(distribution, directory);
            return new Storage(directory, lock, true);
        } catch (Throwable e) {
            lock.close();
            throw e;
        }
    }

    private static Path parent(Path home) throws IOException {
        Path parent = home.resolve("felix");
        if (!Files.isDirectory(parent)) {
            Files.createDirectories(home, OWNER_ONLY);
            try {
                Files.createDirectory(parent, OWNER_ONLY);
            } catch (FileAlreadyExistsException e) {
                // Another command made it at the same moment: that is just as well.
                if (!Files.isDirectory(parent)) {
                    throw e;
                }
            }
        }
        return parent;
    }

    /** Whoever comes first prepares it; others that need it, or another one of this home, wait meanwhile. */
    private static void publish(Path parent, Path directory, Path home, Distribution distribution)
            throws IOException, LaunchException, BundleException, InterruptedException {
        try (FileChannel preparing = LockFile.open(parent.resolve("prepare.lock"));
                FileLock held = preparing.lock()) {
            if (!held.isValid() || Files.isDirectory(directory)) {
                return;
            }
            removeUnused(parent, "");
            Path prepared = Files.createTempDirectory(parent, "new-");
            try {
                RunningFramework.install(distribution, prepared);
                RunningFramework.rehearse(distribution, home, prepared);
                Files.move(prepared, directory, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                delete(prepared);
            }
        }
    }

    private static void removeUnused(Path parent, String prefix) throws IOException {
        try (var entries = Files.newDirectoryStream(
                parent, entry -> entry.getFileName().toString().startsWith(prefix) && Files.isDirectory(entry))) {
            for (Path entry : entries) {
                try (FileChannel alone = LockFile.alone(lockFile(entry))) {
                    if (alone != null) {
                        delete(entry);
                        Files.deleteIfExists(lockFile(entry));
                    }
                }
            }
        }
    }

    private static Path lockFile(Path directory) {
        return directory.resolveSibling(directory.getFileName() + ".lock");
    }

    private static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, java.io.IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    @Override
    public void close() throws IOException {
        try (lock) {
            if (temporary) {
                delete(directory);
                Files.deleteIfExists(lockFile(directory));
            }
        }
    }
}
