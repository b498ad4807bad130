package io.caisson.image.store.provider;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Translates what the file system answers into failures a user can act on. */
final class StoreFailure {
    /** Less free space than this means that space is what was missing, whatever the system calls it. */
    private static final long NO_ROOM = 64 * 1024;

    private StoreFailure() {}

    /** A write below the home failed. */
    static CaissonException writing(String what, Path file, IOException cause) {
        String remedy = "set CAISSON_HOME to a directory of your own on a disk with room";
        if (cause instanceof AccessDeniedException) {
            return new CaissonException(
                    ErrorKind.PERMISSION_DENIED,
                    "cannot store " + what + " in " + file + ": permission denied (make it writable for this user, or "
                            + remedy + ")",
                    cause);
        }
        long free = freeSpace(file);
        if (free >= 0 && free < NO_ROOM) {
            return noRoom(what, file, free, cause);
        }
        return new CaissonException(
                ErrorKind.UNAVAILABLE,
                "cannot store " + what + " in " + file + ": " + reason(cause) + " (mend that, or " + remedy + ")",
                cause);
    }

    /** There is not enough space on the disk of the home. */
    static CaissonException noRoom(String what, Path file, long free, @Nullable IOException cause) {
        return new CaissonException(
                ErrorKind.UNAVAILABLE,
                "no room on the disk of " + file + " for " + what + ": " + free / 1024
                        + " KiB free (free some, or set CAISSON_HOME to a directory on another disk)",
                cause);
    }

    /** A read below the home failed. */
    static CaissonException reading(String what, Path file, IOException cause) {
        // The streams of java.io do not tell why they cannot open a file.
        if (cause instanceof AccessDeniedException || (Files.exists(file) && !Files.isReadable(file))) {
            return new CaissonException(
                    ErrorKind.PERMISSION_DENIED,
                    "cannot read " + what + " from " + file + ": permission denied (it belongs to another user: set"
                            + " CAISSON_HOME to a directory of your own)",
                    cause);
        }
        return new CaissonException(
                ErrorKind.UNAVAILABLE, "cannot read " + what + " from " + file + ": " + reason(cause), cause);
    }

    /** Usable bytes on the disk that holds a file or will; -1 when that cannot be told. */
    static long freeSpace(Path file) {
        Path there = file;
        while (there != null && !Files.exists(there)) {
            there = there.getParent();
        }
        try {
            return there == null ? -1 : Files.getFileStore(there).getUsableSpace();
        } catch (IOException e) {
            return -1;
        }
    }

    private static String reason(IOException cause) {
        if (cause instanceof FileSystemException system && system.getReason() != null) {
            return system.getReason();
        }
        return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }
}
