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
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Set;
import org.osgi.framework.BundleException;

/**
 * The framework's storage. All one-shot commands of a distribution share one, prepared once beside its place and
 * published by renaming it; they only read it. A lock file beside it, held shared while a framework uses it, keeps
 * others from removing it; its time of modification says when that was last. Distributions that take turns on one home
 * keep their storages: when a new one is made, those of the others are removed that were used least lately and that
 * nobody uses. Storages that were one framework's alone, and that framework was killed, go with the next command.
 */
final class Storage implements AutoCloseable {
    /** Images and containers may hold what is not for others' eyes. */
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    /** Begins the names of storages of one framework alone. */
    private static final String OWN = "own-";

    /** Begins the names of storages that are being prepared. */
    private static final String NEW = "new-";

    /** Begins the names of storages that are being removed: half of one is none. */
    private static final String OLD = "old-";

    /** How many distributions keep their storage. */
    private static final int KEPT = 4;

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
            Files.setLastModifiedTime(lockFile(directory), FileTime.from(Instant.now()));
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
            // Of whoever was killed while it prepared or removed one: it held this lock.
            removeUnused(parent, NEW);
            removeUnused(parent, OLD);
            removeLeastUsed(parent);
            Path prepared = Files.createTempDirectory(parent, NEW);
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
                removeUnused(entry, entry);
            }
        }
    }

    /**
     * Removes a storage unless a framework uses it.
     *
     * @param aside the name it has while it is removed
     */
    private static void removeUnused(Path directory, Path aside) throws IOException {
        try (FileChannel alone = LockFile.alone(lockFile(directory))) {
            if (alone != null) {
                if (!aside.equals(directory)) {
                    Files.move(directory, aside, StandardCopyOption.ATOMIC_MOVE);
                }
                delete(aside);
                Files.deleteIfExists(lockFile(directory));
            }
        }
    }

    /** Makes room for one more shared storage. */
    private static void removeLeastUsed(Path parent) throws IOException {
        record Candidate(Path directory, FileTime used) {}
        var candidates = new ArrayList<Candidate>();
        try (var entries = Files.newDirectoryStream(
                parent, entry -> !entry.getFileName().toString().startsWith(OWN) && Files.isDirectory(entry))) {
            for (Path entry : entries) {
                Path lock = lockFile(entry);
                // A storage without a lock file is nobody's.
                candidates.add(new Candidate(
                        entry, Files.exists(lock) ? Files.getLastModifiedTime(lock) : FileTime.fromMillis(0)));
            }
        }
        candidates.sort(Comparator.comparing(Candidate::used).reversed());
        for (Candidate candidate : candidates.subList(Math.min(KEPT - 1, candidates.size()), candidates.size())) {
            Path directory = candidate.directory();
            removeUnused(directory, directory.resolveSibling(OLD + directory.getFileName()));
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
