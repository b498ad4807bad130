package io.caisson.launcher;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Why something failed, in words. */
final class Reason {
    private Reason() {}

    /** The failure's reason; for one that others were wrapped around, what is at the bottom of it too. */
    static String of(Exception failure) {
        Throwable deepest = failure;
        while (deepest.getCause() != null) {
            deepest = deepest.getCause();
        }
        String reason = describe(failure);
        String root = describe(deepest);
        return reason.contains(root) ? reason : reason + ": " + root;
    }

    private static String describe(Throwable failure) {
        return switch (failure) {
            case AccessDeniedException e -> e.getFile() + ": permission denied";
            case FileAlreadyExistsException e -> e.getFile() + " is no directory";
            case NoSuchFileException e -> e.getFile() + " cannot be made";
            case FileSystemException e when e.getReason() != null -> e.getFile() + ": " + e.getReason();
            default -> {
                String message = failure.getMessage();
                yield message == null ? failure.getClass().getSimpleName() : message;
            }
        };
    }
}
