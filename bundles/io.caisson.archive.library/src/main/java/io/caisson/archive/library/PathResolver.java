package io.caisson.archive.library;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds where the paths of a layer lead, as containerd does: cleaned lexically first, then with the symbolic links of
 * all parent directories followed inside the root.
 */
final class PathResolver<N> {
    /** containerd's limit. */
    private static final int MAX_LINKS = 255;

    /** Linux's PATH_MAX, with the NUL. */
    private static final int MAX_PATH = 4096;

    private static final byte[] SELF = {'.'};
    private static final byte[] PARENT = {'.', '.'};

    private final FileSystemTarget<N> target;

    PathResolver(FileSystemTarget<N> target) {
        this.target = target;
    }

    /** A path's components without empty ones, {@code .} and {@code ..}; none for the root itself. */
    static List<byte[]> clean(byte[] path) throws EntryRefusedException {
        if (path.length >= MAX_PATH) {
            throw new EntryRefusedException(
                    "a path of " + path.length + " bytes: " + (MAX_PATH - 1) + " are the limit");
        }
        List<byte[]> components = new ArrayList<>();
        for (byte[] component : split(path)) {
            if (!Arrays.equals(component, PARENT)) {
                components.add(component);
            } else if (!components.isEmpty()) {
                components.removeLast();
            } else {
                throw new EntryRefusedException("the path '" + TarEntry.display(path) + "' leads out of the root");
            }
        }
        return components;
    }

    private static List<byte[]> split(byte[] path) {
        List<byte[]> components = new ArrayList<>();
        int start = 0;
        for (int i = 0; i <= path.length; i++) {
            if (i == path.length || path[i] == '/') {
                byte[] component = Arrays.copyOfRange(path, start, i);
                if (component.length > 0 && !Arrays.equals(component, SELF)) {
                    components.add(component);
                }
                start = i + 1;
            }
        }
        return components;
    }

    /**
     * The directory a list of components leads to.
     *
     * @param create whether directories that are missing are made
     * @return null when one is missing and not to be made
     */
    @Nullable
    N directory(List<byte[]> components, boolean create, int mark) throws IOException {
        ArrayDeque<byte[]> pending = new ArrayDeque<>(components);
        List<N> trail = new ArrayList<>();
        N current = target.root();
        int links = 0;
        for (byte[] name = pending.poll(); name != null; name = pending.poll()) {
            if (Arrays.equals(name, PARENT)) {
                // A symbolic link's own "..": above the root is the root, as for a process confined to it.
                current = trail.isEmpty() ? target.root() : trail.removeLast();
                continue;
            }
            N child = target.find(current, name);
            if (child == null) {
                if (!create) {
                    return null;
                }
                child = target.createImplicitDirectory(current, name);
                target.mark(child, mark);
            }
            byte[] link = target.symbolicLinkTarget(child);
            if (link != null) {
                if (++links > MAX_LINKS) {
                    throw new EntryRefusedException("more than " + MAX_LINKS + " symbolic links on the way");
                }
                if (link[0] == '/') {
                    trail.clear();
                    current = target.root();
                }
                split(link).reversed().forEach(pending::addFirst);
            } else if (target.isDirectory(child)) {
                trail.add(current);
                current = child;
            } else {
                throw new EntryRefusedException("'" + TarEntry.display(name) + "' on the way is not a directory");
            }
        }
        return current;
    }
}
