package io.caisson.archive.library;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Applies layers to a file system, lowest first (OCI image-spec v1.1, "Image Layer Filesystem Changeset").
 *
 * <p>As in containerd, an entry replaces what has its name unless both are directories, whose contents are merged;
 * parents that no entry describes are made; symbolic links on the way to an entry are followed inside the root.
 * Whiteouts hide what lower layers brought, never what their own layer did, in whatever order they come (the
 * specification's rule; containerd goes by order). Unlike containerd, an entry for the root is applied, times before
 * 1970 are kept, and a path that leads out of the root is refused.
 *
 * @param <N> the target's nodes
 */
public final class LayerApplier<N> {
    private static final byte[] WHITEOUT = {'.', 'w', 'h', '.'};
    private static final byte[] META_WHITEOUT = {'.', 'w', 'h', '.', '.', 'w', 'h', '.'};
    private static final byte[] OPAQUE = {'.', 'w', 'h', '.', '.', 'w', 'h', '.', '.', 'o', 'p', 'q'};

    private final FileSystemTarget<N> target;
    private final LayerLimits limits;
    private final PathResolver<N> resolver;

    /** Counts layers; names that a layer brought or changed have its number as mark. */
    private int layer;

    private long entries;
    private long bytes;

    /** Directories that have nothing of lower layers left. */
    private Set<N> opaque = Set.of();

    /** The directory that the last entry's parent path led to; entries mostly follow their neighbours. */
    private byte[] lastParentPath = {};

    private @Nullable N lastParent;

    /** Applies to a target, within limits. */
    public LayerApplier(FileSystemTarget<N> target, LayerLimits limits) {
        this.target = target;
        this.limits = limits;
        resolver = new PathResolver<>(target);
    }

    /**
     * Applies one layer and reads its stream to the end.
     *
     * @param name what errors call the layer
     * @param tar the layer's tar archive; stays open
     * @throws LayerException the layer is malformed or refused
     * @throws IOException the stream or the target failed
     * @throws InterruptedException the thread was interrupted; what was applied so far stays
     */
    public void apply(String name, InputStream tar) throws IOException, InterruptedException {
        layer++;
        opaque = Collections.newSetFromMap(new IdentityHashMap<>());
        lastParent = null;
        TarReader reader = new TarReader(tar);
        try {
            for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
                if (Thread.interrupted()) {
                    throw new InterruptedException("interrupted while layer " + name + " was applied");
                }
                count(reader, entry);
                applyEntry(name, entry, reader.content());
            }
            reader.drain();
        } catch (ArchiveException e) {
            throw new LayerException(name, e);
        }
        bytes += reader.offset();
    }

    private void count(TarReader reader, TarEntry entry) throws ArchiveException {
        if (++entries > limits.maxEntries()) {
            throw new ArchiveException("more than " + limits.maxEntries() + " entries", entry.offset());
        }
        if (entry.size() > limits.maxBytes() - bytes - reader.offset()) {
            throw new ArchiveException(
                    "entry '" + entry.displayName() + "' makes more than " + limits.maxBytes() + " bytes",
                    entry.offset());
        }
    }

    private void applyEntry(String layerName, TarEntry entry, InputStream content) throws IOException {
        try {
            List<byte[]> path = PathResolver.clean(entry.name());
            if (path.isEmpty()) {
                if (entry.type() != TarEntry.Type.DIRECTORY) {
                    throw new EntryRefusedException("the root can only be a directory");
                }
                target.setMetadata(target.root(), entry.metadata());
                return;
            }
            byte[] base = path.removeLast();
            if (startsWith(base, META_WHITEOUT) && !Arrays.equals(base, OPAQUE)) {
                return; // AUFS keeps its own records under such names.
            }
            N parent = parent(path, entry.name(), base);
            if (Arrays.equals(base, OPAQUE)) {
                makeOpaque(parent);
            } else if (startsWith(base, WHITEOUT)) {
                whiteOut(parent, Arrays.copyOfRange(base, WHITEOUT.length, base.length));
            } else {
                target.mark(put(parent, base, entry, content), layer);
            }
        } catch (EntryRefusedException e) {
            throw new LayerException(layerName, entry, String.valueOf(e.getMessage()), e);
        } catch (ArchiveException e) {
            throw new LayerException(layerName, entry, String.valueOf(e.getMessage()), e);
        }
    }

    private N parent(List<byte[]> components, byte[] path, byte[] base) throws IOException {
        int end = path.length;
        while (end > 0 && path[end - 1] == '/') {
            end--;
        }
        int parentEnd = end - base.length;
        // What comes before the last name tells the parent, unless the path ends with dots that were cleaned away.
        boolean plain = parentEnd >= 0
                && (parentEnd == 0 || path[parentEnd - 1] == '/')
                && Arrays.equals(path, parentEnd, end, base, 0, base.length);
        N known = lastParent;
        if (plain && known != null && Arrays.equals(path, 0, parentEnd, lastParentPath, 0, lastParentPath.length)) {
            return known;
        }
        N parent = resolver.directory(components, true, layer);
        if (parent == null) {
            throw new AssertionError("missing directories are made");
        }
        lastParent = plain ? parent : null;
        lastParentPath = plain ? Arrays.copyOf(path, parentEnd) : lastParentPath;
        return parent;
    }

    private N put(N parent, byte[] base, TarEntry entry, InputStream content) throws IOException {
        N existing = target.find(parent, base);
        if (existing != null) {
            if (entry.type() == TarEntry.Type.DIRECTORY && target.isDirectory(existing)) {
                target.setMetadata(existing, entry.metadata());
                return existing;
            }
            remove(parent, existing);
        }
        FileMetadata metadata = entry.metadata();
        return switch (entry.type()) {
            case DIRECTORY -> target.createDirectory(parent, base, metadata);
            case REGULAR -> target.createFile(parent, base, metadata, content, entry.size());
            case SYMBOLIC_LINK -> {
                if (entry.linkName().length == 0) {
                    throw new EntryRefusedException("a symbolic link to nothing");
                }
                yield target.createSymbolicLink(parent, base, metadata, entry.linkName());
            }
            case HARD_LINK -> target.link(parent, base, linked(entry));
            case CHARACTER_DEVICE, BLOCK_DEVICE, FIFO -> target.createSpecial(parent, base, entry);
        };
    }

    /** What a hard link leads to; a symbolic link at the path's end is itself meant. */
    private N linked(TarEntry entry) throws IOException {
        List<byte[]> path = PathResolver.clean(entry.linkName());
        N found = null;
        if (!path.isEmpty()) {
            byte[] base = path.removeLast();
            N parent = resolver.directory(path, false, layer);
            found = parent == null ? null : target.find(parent, base);
        }
        if (found == null) {
            throw new EntryRefusedException(
                    "a hard link to '" + TarEntry.display(entry.linkName()) + "', which is not there");
        }
        if (target.isDirectory(found)) {
            throw new EntryRefusedException(
                    "a hard link to '" + TarEntry.display(entry.linkName()) + "', which is a directory");
        }
        return found;
    }

    private void remove(N parent, N node) {
        lastParent = null;
        target.remove(parent, target.name(node));
    }

    private void whiteOut(N parent, byte[] name) throws EntryRefusedException {
        if (name.length == 0 || Arrays.equals(name, new byte[] {'.'}) || Arrays.equals(name, new byte[] {'.', '.'})) {
            throw new EntryRefusedException("a whiteout of no name");
        }
        N node = target.find(parent, name);
        if (node == null) {
            return;
        }
        if (target.isDirectory(node)) {
            makeOpaque(node);
            if (target.mark(node) != layer && target.list(node).isEmpty()) {
                remove(parent, node);
            }
        } else if (target.mark(node) != layer) {
            remove(parent, node);
        }
    }

    /** A directory on the way down, with what is still to be looked at in it. */
    private record Step<N>(N directory, ArrayDeque<N> children) {}

    /** Removes everything below a directory that lower layers brought and this one did not touch. */
    private void makeOpaque(N top) {
        if (!opaque.add(top)) {
            return;
        }
        ArrayDeque<Step<N>> trail = new ArrayDeque<>();
        trail.push(new Step<>(top, new ArrayDeque<>(target.list(top))));
        while (!trail.isEmpty()) {
            Step<N> step = trail.element();
            N child = step.children.poll();
            if (child == null) {
                trail.pop();
                Step<N> above = trail.peek();
                if (above != null
                        && target.mark(step.directory) != layer
                        && target.list(step.directory).isEmpty()) {
                    remove(above.directory, step.directory);
                }
            } else if (target.isDirectory(child)) {
                // One that is opaque already has nothing to remove, but may itself have nothing left in it.
                boolean seen = !opaque.add(child);
                trail.push(new Step<>(child, seen ? new ArrayDeque<>() : new ArrayDeque<>(target.list(child))));
            } else if (target.mark(child) != layer) {
                remove(step.directory, child);
            }
        }
    }

    private static boolean startsWith(byte[] name, byte[] prefix) {
        return name.length >= prefix.length && Arrays.equals(name, 0, prefix.length, prefix, 0, prefix.length);
    }
}
