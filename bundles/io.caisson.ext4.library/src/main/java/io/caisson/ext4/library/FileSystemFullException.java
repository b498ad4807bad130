package io.caisson.ext4.library;

/** The content needs more room than the file system was given, or may grow to. */
public final class FileSystemFullException extends Ext4Exception {
    private static final long serialVersionUID = 1L;

    /** Says what is too much for what. */
    public FileSystemFullException(String message) {
        super(message);
    }
}
