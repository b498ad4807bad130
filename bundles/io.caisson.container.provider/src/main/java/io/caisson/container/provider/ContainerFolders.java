package io.caisson.container.provider;

import io.caisson.json.library.JsonException;
import io.caisson.json.library.JsonObject;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** The containers of a home: one folder each below {@code containers/}, whichever process owns them. */
final class ContainerFolders {
    /** A folder that never became a container's, or is none any more, and belongs to nobody is litter after this. */
    private static final long LITTER_MILLIS = 60_000;

    private static final long NAMES_LOCK_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long NAMES_LOCK_PAUSE_MILLIS = 5;

    private final Path directory;
    private final Path namesLock;
    private final ThisProcess self;
    private final ReentrantLock naming = new ReentrantLock();

    ContainerFolders(Path home, ThisProcess self) {
        directory = home.resolve("containers");
        namesLock = home.resolve("locks").resolve("containers.lock");
        this.self = self;
    }

    /** A container in the home and its folder. */
    record Found(ContainerRecord state, Path folder) {}

    /**
     * Makes the folder of a new container, and removes those whose owners died.
     *
     * @param named whether its name was chosen by its user: then no other container may have it
     * @throws CaissonException EXISTS when another has the name, UNAVAILABLE when the home cannot be written
     */
    ContainerFolder create(ContainerRecord state, boolean named) throws InterruptedException {
        try {
            Files.createDirectories(directory, ContainerFolder.OWNER_ONLY);
            if (named) {
                return createNamed(state);
            }
            scan();
            return ContainerFolder.create(directory, state);
        } catch (IOException e) {
            throw new CaissonException(
                    ErrorKind.UNAVAILABLE,
                    "making a folder for the container in " + directory + ": " + Reason.of(e),
                    e);
        }
    }

    /** Looks and makes under one lock, so that of two containers with one name the second is refused. */
    private ContainerFolder createNamed(ContainerRecord state) throws IOException, InterruptedException {
        Files.createDirectories(namesLock.getParent());
        naming.lockInterruptibly();
        try (FileChannel channel = FileChannel.open(namesLock, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            // Closing the channel lets go of the lock.
            lock(channel);
            for (Found other : scan()) {
                if (other.state().info().name().equals(state.info().name())) {
                    throw new CaissonException(
                            ErrorKind.EXISTS,
                            "there is a container named " + state.info().name() + " already: "
                                    + other.state().info().id());
                }
            }
            return ContainerFolder.create(directory, state);
        } finally {
            naming.unlock();
        }
    }

    private void lock(FileChannel channel) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + NAMES_LOCK_NANOS;
        while (true) {
            try {
                if (channel.tryLock() != null) {
                    return;
                }
            } catch (OverlappingFileLockException e) {
                // Another framework in this JVM has it: the same as another process.
            }
            if (System.nanoTime() - deadline > 0) {
                throw new IOException("another process keeps " + namesLock + " locked");
            }
            Thread.sleep(NAMES_LOCK_PAUSE_MILLIS);
        }
    }

    /**
     * All containers whose owner lives. What an owner left behind when it died is deleted on the way.
     *
     * @throws IOException the directory cannot be read
     */
    List<Found> scan() throws IOException {
        var found = new ArrayList<Found>();
        try (var entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                look(entry).ifPresent(found::add);
            }
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return found;
    }

    private Optional<Found> look(Path folder) throws IOException {
        String name = String.valueOf(folder.getFileName());
        boolean container = !name.startsWith(".");
        Optional<ContainerRecord> state = container ? read(folder) : Optional.empty();
        // A lock of this process's own must not be tried: closing the file would let go of it (fcntl(2), F_SETLK).
        if (state.isPresent()
                && state.get().ownerId() == self.id()
                && state.get().ownerStarted() == self.started()) {
            return Optional.of(new Found(state.get(), folder));
        }
        if (state.isEmpty() && isFresh(folder)) {
            return Optional.empty();
        }
        return deleteOrphan(folder) ? Optional.empty() : state.map(alive -> new Found(alive, folder));
    }

    /** Empty when the folder is on its way out, or its state is of another version's making. */
    private static Optional<ContainerRecord> read(Path folder) throws IOException {
        try {
            byte[] json = Files.readAllBytes(folder.resolve(ContainerFolder.STATE));
            return Optional.of(ContainerRecord.read(JsonObject.read(json)));
        } catch (NoSuchFileException | JsonException e) {
            return Optional.empty();
        } catch (FileSystemException e) {
            // Not a directory, or one that is not ours to read: nothing of Caisson's making.
            return Optional.empty();
        }
    }

    private static boolean isFresh(Path folder) throws IOException {
        try {
            return System.currentTimeMillis()
                            - Files.getLastModifiedTime(folder).toMillis()
                    < LITTER_MILLIS;
        } catch (NoSuchFileException e) {
            return true;
        }
    }

    /** Deletes a folder whose owner is dead; false when it lives. */
    private static boolean deleteOrphan(Path folder) throws IOException {
        Path lock = folder.resolve(ContainerFolder.LOCK);
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.WRITE);
                FileLock held = channel.tryLock()) {
            if (held == null) {
                return false;
            }
            ContainerFolder.deleteTree(folder);
            return true;
        } catch (OverlappingFileLockException e) {
            return false;
        } catch (NoSuchFileException e) {
            // Somebody is deleting it, or was and died after the lock.
            if (!isFresh(folder)) {
                ContainerFolder.deleteTree(folder);
            }
            return true;
        } catch (FileSystemException e) {
            // No folder, or not ours to remove.
            return false;
        }
    }
}
