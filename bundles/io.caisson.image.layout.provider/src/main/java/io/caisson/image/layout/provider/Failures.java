package io.caisson.image.layout.provider;

import io.caisson.archive.library.ArchiveException;
import io.caisson.image.library.ImageFormatException;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Translates what goes wrong with a layout into failures a user can act on. */
final class Failures {
    private Failures() {}

    /** A failure of an action on a layout. */
    static CaissonException of(String action, IOException cause) {
        return switch (cause) {
            case LayoutException wrong -> corrupt(action, wrong);
            case ImageFormatException wrong -> corrupt(action, wrong);
            case ArchiveException wrong -> corrupt(action, wrong);
            case AccessDeniedException denied ->
                new CaissonException(
                        ErrorKind.PERMISSION_DENIED, action + ": " + denied.getFile() + ": permission denied", denied);
            case NoSuchFileException gone ->
                new CaissonException(ErrorKind.NOT_FOUND, action + ": " + gone.getFile() + " is not there", gone);
            case FileSystemException system
            when system.getReason() != null ->
                new CaissonException(
                        ErrorKind.UNAVAILABLE, action + ": " + system.getFile() + ": " + system.getReason(), system);
            default -> new CaissonException(ErrorKind.UNAVAILABLE, action + ": " + cause.getMessage(), cause);
        };
    }

    private static CaissonException corrupt(String action, IOException cause) {
        return new CaissonException(ErrorKind.CORRUPT, action + ": " + cause.getMessage(), cause);
    }
}
