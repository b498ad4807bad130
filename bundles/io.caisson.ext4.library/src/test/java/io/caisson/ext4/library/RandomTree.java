package io.caisson.ext4.library;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Calls a writer with random files and remembers what must be there in the end. */
final class RandomTree {
    /** A file as it must be; all names of one file share it. */
    static final class Expected {
        FileKind kind = FileKind.REGULAR;
        int permissions;
        long uid;
        long gid;
        Instant modified = Instant.EPOCH;
        Instant accessed = Instant.EPOCH;
        byte[] content = {};
        String device = "";
        Map<String, byte[]> extended = Map.of();
        int links = 1;
    }

    private final Random random;
    private final Ext4Writer writer;
    private final int blockSize;
    private final Map<String, Expected> files = new TreeMap<>();
    private final Map<String, Ext4Entry> directories = new TreeMap<>();

    RandomTree(long seed, Ext4Writer writer, int blockSize) {
        this.random = new Random(seed);
        this.writer = writer;
        this.blockSize = blockSize;
        directories.put("", writer.root());
    }

    /** What must be there, by path; the root is not among it. */
    Map<String, Expected> files() {
        return files;
    }

    void grow(int steps) throws IOException {
        for (int i = 0; i < steps; i++) {
            switch (random.nextInt(12)) {
                case 0, 1 -> addDirectory();
                case 2 -> addLink();
                case 3 -> remove();
                default -> addFile();
            }
        }
    }

    private String anyDirectory() {
        return new ArrayList<>(directories.keySet()).get(random.nextInt(directories.size()));
    }

    private String freePath(String directory) {
        while (true) {
            byte[] name = new byte[1 + (random.nextInt(8) == 0 ? random.nextInt(255) : random.nextInt(12))];
            for (int i = 0; i < name.length; i++) {
                name[i] = (byte) ('!' + random.nextInt(94));
                if (name[i] == '/') {
                    name[i] = (byte) (0xC0 + random.nextInt(60));
                }
            }
            String text = new String(name, StandardCharsets.ISO_8859_1);
            String path = directory.isEmpty() ? text : directory + "/" + text;
            if (!text.equals(".") && !text.equals("..") && !files.containsKey(path)) {
                return path;
            }
        }
    }

    private static byte[] name(String path) {
        return path.substring(path.lastIndexOf('/') + 1).getBytes(StandardCharsets.ISO_8859_1);
    }

    private Expected any() {
        Expected file = new Expected();
        file.permissions = random.nextInt(010000);
        file.uid = random.nextInt(4) == 0 ? random.nextLong(1L << 32) : random.nextInt(3);
        file.gid = random.nextInt(4) == 0 ? random.nextLong(1L << 32) : random.nextInt(3);
        file.modified = anyTime();
        file.accessed = random.nextBoolean() ? file.modified : anyTime();
        if (random.nextInt(5) == 0) {
            file.extended = anyAttributes();
        }
        return file;
    }

    private Instant anyTime() {
        return Instant.ofEpochSecond(random.nextLong(-(1L << 31), (1L << 34) - (1L << 31)), random.nextInt(1000000000));
    }

    private Map<String, byte[]> anyAttributes() {
        String[] spaces = {"user.", "trusted.", "security."};
        Map<String, byte[]> attributes = new HashMap<>();
        int left = blockSize - 200;
        for (int i = random.nextInt(6); i >= 0; i--) {
            byte[] value = new byte[random.nextInt(4) == 0 ? random.nextInt(500) : random.nextInt(30)];
            random.nextBytes(value);
            left -= value.length + 40;
            if (left > 0) {
                attributes.put(spaces[random.nextInt(3)] + "name" + random.nextInt(20), value);
            }
        }
        return attributes;
    }

    private static Ext4Attributes attributes(Expected file) {
        return Ext4Attributes.of(file.permissions, file.uid, file.gid, file.modified)
                .withAccessed(file.accessed)
                .withExtended(file.extended);
    }

    private void addDirectory() throws IOException {
        String parent = anyDirectory();
        String path = freePath(parent);
        Expected file = any();
        file.kind = FileKind.DIRECTORY;
        file.links = 2;
        directories.put(path, writer.createDirectory(Tool.get(directories, parent), name(path), attributes(file)));
        files.put(path, file);
        Expected above = files.get(parent);
        if (above != null) {
            above.links++;
        }
    }

    private void addFile() throws IOException {
        String parentPath = anyDirectory();
        Ext4Entry parent = Tool.get(directories, parentPath);
        String path = freePath(parentPath);
        Expected file = any();
        byte[] name = name(path);
        switch (random.nextInt(10)) {
            case 0 -> {
                file.kind = random.nextBoolean() ? FileKind.FIFO : FileKind.SOCKET;
                writer.createSpecial(parent, name, attributes(file), file.kind);
            }
            case 1 -> {
                file.kind = random.nextBoolean() ? FileKind.CHARACTER_DEVICE : FileKind.BLOCK_DEVICE;
                int major = random.nextInt(1 << (random.nextBoolean() ? 8 : 12));
                int minor = random.nextInt(1 << (random.nextBoolean() ? 8 : 20));
                file.device = major + ":" + minor;
                writer.createDevice(parent, name, attributes(file), file.kind, major, minor);
            }
            case 2 -> {
                file.kind = FileKind.SYMBOLIC_LINK;
                file.content = new byte[1 + random.nextInt(random.nextBoolean() ? 70 : blockSize - 1)];
                Arrays.fill(file.content, (byte) ('a' + random.nextInt(26)));
                writer.createSymbolicLink(parent, name, attributes(file), file.content);
            }
            default -> {
                file.content = anyContent();
                writer.createFile(
                        parent, name, attributes(file), new ByteArrayInputStream(file.content), file.content.length);
            }
        }
        files.put(path, file);
    }

    private byte[] anyContent() {
        int size =
                switch (random.nextInt(6)) {
                    case 0 -> 0;
                    case 1 -> blockSize * random.nextInt(40);
                    case 2 -> random.nextInt(3 << 20);
                    default -> random.nextInt(3 * blockSize);
                };
        byte[] content = new byte[size];
        random.nextBytes(content);
        // Holes: often a few, sometimes so many that the extents need a tree.
        int holes = random.nextInt(4) == 0 ? size / blockSize / 2 : random.nextInt(4);
        for (int i = 0; i < holes; i++) {
            int block = random.nextInt(size / blockSize + 1);
            Arrays.fill(content, Math.min(size, block * blockSize), Math.min(size, (block + 1) * blockSize), (byte) 0);
        }
        return content;
    }

    private void addLink() throws IOException {
        List<String> candidates = files.keySet().stream()
                .filter(path -> Tool.get(files, path).kind != FileKind.DIRECTORY)
                .toList();
        if (candidates.isEmpty()) {
            return;
        }
        String target = candidates.get(random.nextInt(candidates.size()));
        String parent = anyDirectory();
        String path = freePath(parent);
        String above = target.contains("/") ? target.substring(0, target.lastIndexOf('/')) : "";
        Ext4Entry entry = writer.find(Tool.get(directories, above), name(target));
        if (entry == null) {
            throw new AssertionError("not found: " + target);
        }
        writer.link(Tool.get(directories, parent), name(path), entry);
        Expected file = Tool.get(files, target);
        file.links++;
        files.put(path, file);
    }

    private void remove() {
        if (files.isEmpty()) {
            return;
        }
        String path = new ArrayList<>(files.keySet()).get(random.nextInt(files.size()));
        String above = path.contains("/") ? path.substring(0, path.lastIndexOf('/')) : "";
        if (!writer.remove(Tool.get(directories, above), name(path))) {
            throw new AssertionError("was not there: " + path);
        }
        Expected parent = files.get(above);
        if (Tool.get(files, path).kind == FileKind.DIRECTORY && parent != null) {
            parent.links--;
        }
        for (String gone : List.copyOf(files.keySet())) {
            if (gone.equals(path) || gone.startsWith(path + "/")) {
                Expected file = Tool.get(files, gone);
                files.remove(gone);
                if (file.kind != FileKind.DIRECTORY) {
                    file.links--;
                }
                directories.remove(gone);
            }
        }
    }
}
