package io.caisson.container.provider;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * The folder of a container this process owns. A lock on the file {@code lock}, held as long as the folder exists, says
 * that the owner lives; the kernel lets go of it when the owner dies.
 */
final class ContainerFolder implements AutoCloseable {
    static final String LOCK = "lock";
    static final String STATE = "state.json";
    static final String DOOR = "door.sock";
    /** Begins the name of a folder that is not a container's yet. */
    static final String NEW = ".new-";
    /** Begins the name of a folder that is no container's any more. */
    static final String GONE = ".gone-";

    static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private final Path path;
    private final FileChannel lock;

    private ContainerFolder(Path path, FileChannel lock) {
        this.path = path;
        this.lock = lock;
    }

    /**
     * Makes a container's folder, which appears with its state and locked.
     *
     * @param parent the directory of all containers, which must exist
     */
    static ContainerFolder create(Path parent, ContainerRecord state) throws IOException {
        String id = state.info().id();
        Path fresh = Files.createDirectory(parent.resolve(NEW + id), OWNER_ONLY);
        FileChannel channel = null;
        try {
            channel = FileChannel.open(fresh.resolve(LOCK), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            FileLock held = channel.tryLock();
            if (held == null) {
                throw new IOException("somebody else locked " + fresh);
            }
            Files.write(fresh.resolve(STATE), state.toJson());
            Path path = parent.resolve(id);
            Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
            return new ContainerFolder(path, channel);
        } catch (IOException | RuntimeException e) {
            if (channel != null) {
                channel.close();
            }
            deleteTree(fresh);
            throw e;
        }
    }

    Path path() {
        return path;
    }

    /** The disk for the container's writes. */
    Path scratch() {
        return path.resolve("scratch.img");
    }

    /** What the guest's kernel and init print. */
    Path console() {
        return path.resolve("console.log");
    }

    /** The socket of the container's door. */
    Path door() {
        return path.resolve(DOOR);
    }

    /** Replaces the state that others see. */
    synchronized void write(ContainerRecord state) {
        if (!lock.isOpen()) {
            return;
        }
        Path beside = path.resolve(STATE + ".new");
        try {
            Files.write(beside, state.toJson());
            Files.move(beside, path.resolve(STATE), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new CaissonException(
                    ErrorKind.UNAVAILABLE,
                    "recording the state of container " + state.info().name() + " in " + path + ": " + Reason.of(e),
                    e);
        }
    }

    /** Removes the folder with all that is in it. Idempotent. */
    @Override
    public synchronized void close() throws IOException {
        if (!lock.isOpen()) {
            return;
        }
        try {
            Path gone = path.resolveSibling(GONE + path.getFileName());
            Files.move(path, gone, StandardCopyOption.ATOMIC_MOVE);
            deleteTree(gone);
        } finally {
            lock.close();
        }
    }

    /** Deletes a directory and what is in it; links are deleted, not followed. What is gone already does not matter. */
    static void deleteTree(Path directory) throws IOException {
        try (var entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                    deleteTree(entry);
                } else {
                    Files.deleteIfExists(entry);
                }
            }
        } catch (NoSuchFileException e) {
            return;
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        Files.deleteIfExists(directory);
    }
}
