package io.caisson.launcher;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Locks on files that others remove while they hold them alone. One that was removed between opening and locking
 * protects nothing, even if there is another file of that name by then: therefore what counts is that the name leads to
 * the same file before it is opened and after it is locked.
 */
final class LockFile {
    /** Opens a file, making it first if it is not there. */
    @FunctionalInterface
    interface Opener {
        FileChannel open(Path file) throws IOException;
    }

    private LockFile() {}

    /** Makes and opens a file that may be locked; the caller closes it. */
    static FileChannel open(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    /** Locks a file shared; waits while somebody holds it alone. Closing the channel ends that. */
    static FileChannel share(Path file) throws IOException {
        return share(file, LockFile::open);
    }

    static FileChannel share(Path file, Opener opener) throws IOException {
        while (true) {
            Object before = key(file);
            FileChannel channel = opener.open(file);
            try {
                channel.lock(0, Long.MAX_VALUE, true);
                if (before != null && before.equals(key(file))) {
                    return channel;
                }
            } catch (Throwable e) {
                channel.close();
                throw e;
            }
            channel.close();
        }
    }

    /**
     * Locks a file alone, if nobody holds it and it stays there; closing the channel ends that. Not for a file that this
     * process has locked already: that is told apart, but with the channel it was told by the other lock goes, too
     * (fcntl(2)).
     */
    static @Nullable FileChannel alone(Path file) throws IOException {
        return alone(file, LockFile::open);
    }

    static @Nullable FileChannel alone(Path file, Opener opener) throws IOException {
        open(file).close();
        Object before = key(file);
        FileChannel channel = opener.open(file);
        try {
            FileLock lock = channel.tryLock();
            if (lock != null && before != null && Objects.equals(before, key(file))) {
                return channel;
            }
        } catch (OverlappingFileLockException e) {
            // This process holds it.
            channel.close();
            return null;
        } catch (Throwable e) {
            channel.close();
            throw e;
        }
        channel.close();
        return null;
    }

    /** What tells a file from others (POSIX: device and inode); null when it is not there. */
    private static @Nullable Object key(Path file) throws IOException {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        } catch (NoSuchFileException e) {
            return null;
        }
    }
}
