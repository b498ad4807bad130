package io.caisson.rootfs.ext4.provider;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

/**
 * Images by name in a directory, each built once however many threads and processes ask for it. An image being built is
 * beside its place, under the same name with {@code .tmp}; who builds it holds a lock on a file of that name, so a
 * {@code .tmp} whose lock is free was left by a process that died.
 *
 * <p>Lock files stay: to remove one while another process waits for it would give two processes the lock.
 */
final class ImageCache {
    private static final String SUFFIX = ".tmp";
    private static final long RETRY_MILLIS = 20;

    /**
     * When finished images were last modified. Whatever writes to one or cuts it changes that, and then it is built again:
     * to read it through would take as long. Any fixed time in the past serves; that of the project's reproducible archives.
     */
    private static final FileTime FINISHED = FileTime.from(Instant.parse("2026-01-01T00:00:00Z"));

    private final Path directory;
    private final Path locks;
    private final ConcurrentHashMap<String, CountDownLatch> building = new ConcurrentHashMap<>();

    /** Keeps images in {@code home/rootfs}, locks in {@code home/locks}; both are made when needed. */
    ImageCache(Path home) {
        directory = home.resolve("rootfs");
        locks = home.resolve("locks");
    }

    /** Fills an empty file with an image. */
    @FunctionalInterface
    interface Build {
        void into(FileChannel target) throws IOException, InterruptedException;
    }

    /** Where an image is once it is built. */
    Path path(String name) {
        return directory.resolve(name);
    }

    /** Whether the image of a name is there, as it was when it was finished. */
    boolean has(String name) {
        try {
            return Files.getLastModifiedTime(path(name)).equals(FINISHED);
        } catch (IOException e) {
            // Not there; and if it cannot be looked at, to build it says why.
            return false;
        }
    }

    /**
     * Builds the image of a name unless it is there, as it was when it was finished.
     *
     * @param name a file name
     * @throws IOException what the build threw, or the file system did; nothing of the image is left then
     */
    void ensure(String name, Build build) throws IOException, InterruptedException {
        while (!has(name)) {
            CountDownLatch mine = new CountDownLatch(1);
            CountDownLatch other = building.putIfAbsent(name, mine);
            if (other != null) {
                // When that build fails, this one is tried: it may be that only the other caller gave up.
                other.await();
                continue;
            }
            try {
                buildLocked(name, build);
            } finally {
                building.remove(name);
                mine.countDown();
            }
        }
    }

    private void buildLocked(String name, Build build) throws IOException, InterruptedException {
        Files.createDirectories(directory);
        Files.createDirectories(locks);
        try (FileChannel channel = openLock(name);
                FileLock lock = lock(channel)) {
            if (!lock.isValid() || has(name)) {
                return;
            }
            removeOrphans();
            Path temporary = directory.resolve(name + SUFFIX);
            try {
                try (FileChannel target = FileChannel.open(
                        temporary,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
                    build.into(target);
                    // Without this a power failure could leave an image of the right name with holes in it.
                    target.force(true);
                }
                Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("r--r--r--"));
                Files.setLastModifiedTime(temporary, FINISHED);
                Files.move(temporary, path(name), StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(temporary);
            }
        }
    }

    private FileChannel openLock(String name) throws IOException {
        return FileChannel.open(
                locks.resolve("rootfs-" + name + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    /** Asks again and again, for a virtual thread that waits in {@link FileChannel#lock} cannot be interrupted there. */
    private static FileLock lock(FileChannel channel) throws IOException, InterruptedException {
        while (true) {
            try {
                FileLock lock = channel.tryLock();
                if (lock != null) {
                    return lock;
                }
            } catch (OverlappingFileLockException e) {
                // Held in this JVM but not through this cache, by the bundle this one replaces: as by another process.
            }
            Thread.sleep(RETRY_MILLIS);
        }
    }

    /** Removes what builders left that were killed. */
    private void removeOrphans() throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
            for (Path file : files) {
                String fileName = file.getFileName().toString();
                String name = fileName.substring(0, fileName.length() - SUFFIX.length());
                if (!building.containsKey(name)) {
                    removeOrphan(name, file);
                }
            }
        }
    }

    private void removeOrphan(String name, Path file) throws IOException {
        try (FileChannel channel = openLock(name);
                FileLock lock = channel.tryLock()) {
            if (lock != null) {
                Files.deleteIfExists(file);
            }
        } catch (OverlappingFileLockException e) {
            // Being built in this JVM after all.
            return;
        }
    }
}
