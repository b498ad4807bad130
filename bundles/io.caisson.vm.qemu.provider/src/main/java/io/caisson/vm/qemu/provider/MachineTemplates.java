package io.caisson.vm.qemu.provider;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The memory of machines that stand still, by what distinguishes them: files {@code <boot of the host>/<key>.memory} in a
 * directory for its owner alone. A template appears complete and never changes; when it was last used is the time of its
 * {@code .lock}, which whoever makes it holds. Any number of processes may use the directory. Nothing in it is needed: a
 * machine without a template boots.
 */
final class MachineTemplates {
    /** In bytes; the templates used last are kept. */
    private static final long ROOM = 512L << 20;

    private static final String MEMORY = ".memory";
    private static final String LOCK = ".lock";
    private static final String UNFIT = ".unfit";
    private static final String MAKING = "making-";
    private static final long RETRY_MILLIS = 20;

    /** Longer than a template takes: who makes it has been stopped, and who waits for it can boot meanwhile. */
    private static final Duration WAIT = Duration.ofSeconds(10);

    /** Nothing is known for longer: it may have been a busy host. */
    private static final Duration UNFIT_FOR = Duration.ofHours(1);

    private final Path all;
    private final Path directory;

    /** One channel on a lock file at a time: closing another one would let go of the lock, fcntl(2). */
    private final ReentrantLock making = new ReentrantLock();

    /**
     * Templates.
     *
     * @param all a directory, made when it is needed
     * @param boot names this boot of the host: in another one clocks may have other rates, so no template outlives it
     */
    MachineTemplates(Path all, String boot) {
        this.all = all;
        directory = all.resolve(boot);
    }

    /** A machine's guest does not stand still. That is known from now on, unlike whatever else may go wrong. */
    static final class UnfitException extends IOException {
        private static final long serialVersionUID = 1L;

        UnfitException(String message) {
            super(message);
        }
    }

    /** Boots a machine and saves its memory. */
    @FunctionalInterface
    interface Maker {
        /**
         * Makes the template.
         *
         * @param memory a file to be made
         * @param workshop a directory for whatever else there is meanwhile
         */
        void make(Path memory, Path workshop) throws IOException, InterruptedException;
    }

    /**
     * The template of this key, made when it is not there. Empty when its guest is known not to stand still, or when
     * somebody else has been making it for long.
     *
     * @throws IOException it cannot be made
     */
    Optional<Path> get(String key, Maker maker) throws IOException, InterruptedException {
        Path template = directory.resolve(key + MEMORY);
        if (Files.exists(template)) {
            use(key);
            return Optional.of(template);
        }
        if (isUnfit(key) || !making.tryLock(WAIT.toNanos(), TimeUnit.NANOSECONDS)) {
            return Optional.empty();
        }
        try {
            return getLocked(key, template, maker);
        } catch (ClosedByInterruptException e) {
            Thread.interrupted();
            throw (InterruptedException) new InterruptedException("making a template was given up").initCause(e);
        } finally {
            making.unlock();
        }
    }

    private Optional<Path> getLocked(String key, Path template, Maker maker) throws IOException, InterruptedException {
        Files.createDirectories(all);
        Files.createDirectories(directory);
        // Also when it was there: it may have been copied by somebody who does not care.
        Files.setPosixFilePermissions(all, PosixFilePermissions.fromString("rwx------"));
        try (FileChannel channel = FileChannel.open(
                        directory.resolve(key + LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                Held held = hold(channel)) {
            if (Files.exists(template)) {
                return Optional.of(template);
            }
            if (!held.isHeld() || isUnfit(key)) {
                return Optional.empty();
            }
            make(key, template, maker);
            use(key);
            makeRoom(template);
            return Optional.of(template);
        }
    }

    /** A lock, unless it could not be had in time. */
    private record Held(Optional<FileLock> lock) implements AutoCloseable {
        boolean isHeld() {
            return lock.isPresent();
        }

        @Override
        public void close() throws IOException {
            if (lock.isPresent()) {
                lock.get().release();
            }
        }
    }

    /** Asks again and again, for a virtual thread that waits in {@link FileChannel#lock} cannot be interrupted there. */
    private static Held hold(FileChannel channel) throws IOException, InterruptedException {
        long end = System.nanoTime() + WAIT.toNanos();
        while (System.nanoTime() - end < 0) {
            try {
                FileLock lock = channel.tryLock();
                if (lock != null) {
                    return new Held(Optional.of(lock));
                }
            } catch (OverlappingFileLockException e) {
                // Held in this JVM by the bundle that this one replaces: as by another process.
            }
            Thread.sleep(RETRY_MILLIS);
        }
        return new Held(Optional.empty());
    }

    private void use(String key) {
        // Only decides which are kept.
        directory.resolve(key + LOCK).toFile().setLastModified(System.currentTimeMillis());
    }

    private boolean isUnfit(String key) {
        long noted = directory.resolve(key + UNFIT).toFile().lastModified();
        return noted > Instant.now().minus(UNFIT_FOR).toEpochMilli();
    }

    private void make(String key, Path template, Maker maker) throws IOException, InterruptedException {
        Path workshop = directory.resolve(MAKING + key);
        // Left by one that died with the lock.
        remove(workshop);
        Files.createDirectory(workshop);
        try {
            Path memory = workshop.resolve(template.getFileName());
            maker.make(memory, workshop);
            Files.move(memory, template, StandardCopyOption.ATOMIC_MOVE);
        } catch (UnfitException e) {
            Files.writeString(directory.resolve(key + UNFIT), e.getMessage() + "\n");
            throw e;
        } finally {
            remove(workshop);
        }
    }

    /** Removes a template that turned out to be of no use; who has it open keeps it. */
    static void discard(Path template) throws IOException {
        Files.deleteIfExists(template);
    }

    /** Removes what other boots of the host have left, and of this one's the templates not used for longest. */
    private void makeRoom(Path newest) throws IOException {
        record Used(Path path, FileTime last) {}
        var templates = new ArrayList<Used>();
        try (DirectoryStream<Path> boots = Files.newDirectoryStream(all);
                DirectoryStream<Path> ours = Files.newDirectoryStream(directory, "*" + MEMORY)) {
            for (Path boot : boots) {
                if (!boot.equals(directory)) {
                    remove(boot);
                }
            }
            for (Path each : ours) {
                String name = String.valueOf(each.getFileName());
                Path lock = directory.resolve(name.substring(0, name.length() - MEMORY.length()) + LOCK);
                templates.add(new Used(each, FileTime.fromMillis(lock.toFile().lastModified())));
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        templates.sort(Comparator.comparing(Used::last).reversed());
        long room = ROOM;
        for (Used each : templates) {
            room -= each.path().toFile().length();
            if (room < 0 && !each.path().equals(newest)) {
                discard(each.path());
            }
        }
    }

    /** Removes a file, or a directory with what is in it. */
    private static void remove(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
                for (Path entry : entries) {
                    remove(entry);
                }
            } catch (DirectoryIteratorException e) {
                throw e.getCause();
            }
        }
        Files.deleteIfExists(path);
    }
}
