package io.caisson.archive.library;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A file system in memory that layers are applied to. */
final class MemoryTarget implements FileSystemTarget<MemoryTarget.Name> {
    /** A file, whatever its names. */
    static final class Node {
        String type = "directory";
        FileMetadata metadata = new FileMetadata(0755, 0, 0, Instant.EPOCH, Instant.EPOCH, Map.of());
        byte[] content = {};
        final Map<String, Name> children = new LinkedHashMap<>();
    }

    /** A name. */
    static final class Name {
        final byte[] bytes;
        final Node node;
        int mark;

        Name(byte[] bytes, Node node) {
            this.bytes = bytes;
            this.node = node;
        }
    }

    private final Name top = new Name(new byte[0], new Node());

    /** One line for each file: path, type, permissions, content or target; hard links as {@code = first path}. */
    String listing() {
        Map<String, String> lines = new TreeMap<>();
        Map<Node, String> seen = new HashMap<>();
        collect("", top.node, lines, seen);
        StringBuilder text = new StringBuilder();
        lines.forEach((path, line) -> text.append(path).append(' ').append(line).append('\n'));
        return text.toString();
    }

    private void collect(String path, Node node, Map<String, String> lines, Map<Node, String> seen) {
        new TreeMap<>(node.children).forEach((name, child) -> {
            String below = path + "/" + name;
            String first = seen.putIfAbsent(child.node, below);
            if (first != null) {
                lines.put(below, "= " + first);
                return;
            }
            String content = new String(child.node.content, StandardCharsets.ISO_8859_1);
            lines.put(
                    below,
                    (child.node.type + " " + Integer.toOctalString(child.node.metadata.permissions()) + " " + content)
                            .strip());
            collect(below, child.node, lines, seen);
        });
    }

    /** The file of a path such as {@code /a/b}. */
    Node at(String path) {
        Node node = top.node;
        for (String name : path.substring(1).split("/", -1)) {
            Name child = node.children.get(name);
            if (child == null) {
                throw new AssertionError("not there: " + path);
            }
            node = child.node;
        }
        return node;
    }

    private static String key(byte[] name) {
        return new String(name, StandardCharsets.ISO_8859_1);
    }

    private static Name add(Name parent, byte[] name, Node node) throws EntryRefusedException {
        if (name.length > 255) {
            throw new EntryRefusedException("name too long");
        }
        Name entry = new Name(name, node);
        if (parent.node.children.put(key(name), entry) != null) {
            throw new AssertionError("was there: " + key(name));
        }
        return entry;
    }

    private static Name add(Name parent, byte[] name, String type, FileMetadata metadata, byte[] content)
            throws EntryRefusedException {
        Node node = new Node();
        node.type = type;
        node.metadata = metadata;
        node.content = content;
        return add(parent, name, node);
    }

    @Override
    public Name root() {
        return top;
    }

    @Override
    public @Nullable Name find(Name directory, byte[] name) {
        return directory.node.children.get(key(name));
    }

    @Override
    public List<Name> list(Name directory) {
        return new ArrayList<>(directory.node.children.values());
    }

    @Override
    public byte[] name(Name node) {
        return node.bytes;
    }

    @Override
    public boolean isDirectory(Name node) {
        return node.node.type.equals("directory");
    }

    @Override
    public byte @Nullable [] symbolicLinkTarget(Name node) {
        return node.node.type.equals("symlink") ? node.node.content : null;
    }

    @Override
    public int mark(Name node) {
        return node.mark;
    }

    @Override
    public void mark(Name node, int number) {
        node.mark = number;
    }

    @Override
    public void setMetadata(Name node, FileMetadata metadata) {
        node.node.metadata = metadata;
    }

    @Override
    public Name createDirectory(Name parent, byte[] name, FileMetadata metadata) throws IOException {
        return add(parent, name, "directory", metadata, new byte[0]);
    }

    @Override
    public Name createImplicitDirectory(Name parent, byte[] name) throws IOException {
        return add(parent, name, new Node());
    }

    @Override
    public Name createFile(Name parent, byte[] name, FileMetadata metadata, InputStream content, long size)
            throws IOException {
        if (size > 1 << 26) {
            throw new EntryRefusedException("file too large for a test");
        }
        byte[] bytes = content.readNBytes((int) size);
        if (bytes.length != size) {
            throw new AssertionError("content is shorter than its entry says");
        }
        return add(parent, name, "file", metadata, bytes);
    }

    @Override
    public Name createSymbolicLink(Name parent, byte[] name, FileMetadata metadata, byte[] target) throws IOException {
        return add(parent, name, "symlink", metadata, target);
    }

    @Override
    public Name createSpecial(Name parent, byte[] name, TarEntry entry) throws IOException {
        return add(
                parent,
                name,
                entry.type().toString(),
                entry.metadata(),
                (entry.major() + ":" + entry.minor()).getBytes(StandardCharsets.ISO_8859_1));
    }

    @Override
    public Name link(Name parent, byte[] name, Name target) throws IOException {
        return add(parent, name, target.node);
    }

    @Override
    public void remove(Name parent, byte[] name) {
        if (parent.node.children.remove(key(name)) == null) {
            throw new AssertionError("was not there: " + key(name));
        }
    }
}
