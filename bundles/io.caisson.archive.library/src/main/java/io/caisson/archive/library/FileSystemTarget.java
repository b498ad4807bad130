package io.caisson.archive.library;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A file system being made, as {@link LayerApplier} sees it. Names are single path components. A method that makes
 * something is called for a name that is free. Every method may throw {@link EntryRefusedException} for what the file
 * system cannot hold, and other {@link IOException}s when it fails.
 *
 * @param <N> a name in a directory together with what it names
 */
@ConsumerType
public interface FileSystemTarget<N> {
    /** The root directory. */
    N root();

    /** What a directory has under a name; null when nothing. */
    @Nullable
    N find(N directory, byte[] name);

    /** All names in a directory; a copy. */
    List<N> list(N directory);

    /** A name's bytes. */
    byte[] name(N node);

    /** Whether it is a directory. */
    boolean isDirectory(N node);

    /** A symbolic link's target; null when it is none. */
    byte @Nullable [] symbolicLinkTarget(N node);

    /** The number left with {@link #mark(Object, int)}; 0 at first. */
    int mark(N node);

    /** Leaves a number with a name. */
    void mark(N node, int number);

    /** Replaces what a file or directory has besides its content. */
    void setMetadata(N node, FileMetadata metadata) throws IOException;

    /** Makes a directory. */
    N createDirectory(N parent, byte[] name, FileMetadata metadata) throws IOException;

    /** Makes a directory nobody described: with mode 0755, owned by root. */
    N createImplicitDirectory(N parent, byte[] name) throws IOException;

    /** Makes a regular file of exactly so many bytes of a stream. */
    N createFile(N parent, byte[] name, FileMetadata metadata, InputStream content, long size) throws IOException;

    /** Makes a symbolic link. */
    N createSymbolicLink(N parent, byte[] name, FileMetadata metadata, byte[] target) throws IOException;

    /** Makes a character or block device, or a fifo, as the entry says. */
    N createSpecial(N parent, byte[] name, TarEntry entry) throws IOException;

    /** Gives a file one more name. */
    N link(N parent, byte[] name, N target) throws IOException;

    /** Removes a name, and all below when it is a directory's. */
    void remove(N parent, byte[] name);
}
