package io.caisson.rootfs.ext4.provider;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.caisson.ext4.library.Debugfs;
import io.caisson.ext4.library.Tool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Random directories on the host, as varied as the user who runs this may make them. */
final class DiskTree {
    private static final boolean ROOT = "root".equals(System.getProperty("user.name"));

    private DiskTree() {}

    /** Makes a directory with some hundred files below. */
    static void grow(Path top, long seed) throws IOException, InterruptedException {
        Random random = new Random(seed);
        Files.createDirectory(top);
        List<Path> directories = new ArrayList<>(List.of(top));
        List<Path> files = new ArrayList<>();
        for (int i = 0; i < 250; i++) {
            Path path = directories.get(random.nextInt(directories.size())).resolve(name(random, i));
            switch (random.nextInt(14)) {
                case 0, 1 -> directories.add(Files.createDirectory(path));
                case 2 -> Files.createSymbolicLink(path, Path.of("t".repeat(1 + random.nextInt(200))));
                case 3 -> {
                    if (!files.isEmpty()) {
                        Files.createLink(path, files.get(random.nextInt(files.size())));
                    }
                }
                case 4 -> Tool.run("mkfifo", path.toString());
                case 5 -> {
                    if (ROOT) {
                        Tool.run("mknod", path.toString(), "c", "" + random.nextInt(512), "" + random.nextInt(70000));
                    }
                }
                default -> files.add(file(path, random));
            }
        }
        files.forEach(file -> adorn(file, random));
        directories.reversed().forEach(directory -> adorn(directory, random));
    }

    private static String name(Random random, int number) {
        String letters = "äé ab'\"\\$-_.~%漢";
        StringBuilder name = new StringBuilder(number + "-");
        for (int i = random.nextInt(20); i > 0; i--) {
            name.append(letters.charAt(random.nextInt(letters.length())));
        }
        return name.toString();
    }

    private static Path file(Path path, Random random) throws IOException {
        byte[] content = new byte[random.nextInt(random.nextInt(5) == 0 ? 2_000_000 : 20_000)];
        random.nextBytes(content);
        Files.write(path, content);
        if (random.nextInt(4) == 0) {
            try (SeekableByteChannel channel = Files.newByteChannel(path, StandardOpenOption.WRITE)) {
                channel.position(content.length + 100_000L).write(ByteBuffer.wrap(new byte[] {1}));
            }
        }
        return path;
    }

    private static void adorn(Path path, Random random) {
        try {
            if (random.nextInt(3) == 0 && Files.getFileStore(path).supportsFileAttributeView("user")) {
                byte[] value = new byte[random.nextInt(60)];
                random.nextBytes(value);
                Files.getFileAttributeView(path, UserDefinedFileAttributeView.class)
                        .write("name" + random.nextInt(9), ByteBuffer.wrap(value));
            }
            if (ROOT) {
                Files.setAttribute(path, "unix:uid", random.nextInt(100_000), LinkOption.NOFOLLOW_LINKS);
                Files.setAttribute(path, "unix:gid", random.nextInt(100_000), LinkOption.NOFOLLOW_LINKS);
            }
            int writable = Files.isDirectory(path) ? 0700 : 0600;
            Files.setAttribute(path, "unix:mode", writable | random.nextInt(010000));
            Files.setLastModifiedTime(
                    path,
                    FileTime.from(Instant.ofEpochSecond(
                            random.nextLong(-1L << 30, 1L << 33), random.nextInt(1_000_000_000))));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Compares an image with what is on the host. */
    static void assertSame(Path top, Map<String, Debugfs.Node> image) throws IOException {
        TreeSet<String> names = new TreeSet<>();
        try (Stream<Path> all = Files.walk(top)) {
            for (Path path : all.toList()) {
                String name = bytesAsLatin1(top.relativize(path).toString());
                names.add(name);
                compare(path, name, Tool.get(image, name));
            }
        }
        assertEquals(names, image.keySet());
    }

    private static String bytesAsLatin1(String name) {
        return new String(name.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    private static void compare(Path path, String name, Debugfs.Node node) throws IOException {
        Map<String, Object> attributes = Files.readAttributes(
                path, "unix:mode,uid,gid,nlink,size,lastModifiedTime,rdev", LinkOption.NOFOLLOW_LINKS);
        int mode = (Integer) Tool.get(attributes, "mode");
        assertEquals(mode & 07777, node.permissions, name);
        assertEquals(((Integer) Tool.get(attributes, "uid")).longValue(), node.uid, name);
        assertEquals(((Integer) Tool.get(attributes, "gid")).longValue(), node.gid, name);
        assertEquals(((FileTime) Tool.get(attributes, "lastModifiedTime")).toInstant(), node.times.get("m"), name);
        switch (mode >> 12) {
            case 4 -> assertEquals("directory", node.type, name);
            case 8 -> {
                assertEquals("regular", node.type, name);
                assertEquals(Tool.get(attributes, "size"), node.size, name);
                assertEquals(Tool.get(attributes, "nlink"), node.links, name);
                assertArrayEquals(Files.readAllBytes(path), node.content, name);
            }
            case 10 -> {
                assertEquals("symlink", node.type, name);
                assertEquals(
                        bytesAsLatin1(Files.readSymbolicLink(path).toString()),
                        new String(node.content, StandardCharsets.ISO_8859_1),
                        name);
            }
            case 1 -> assertEquals("FIFO", node.type, name);
            case 2 -> {
                assertEquals("character special", node.type, name);
                long device = (Long) Tool.get(attributes, "rdev");
                assertEquals(
                        (device >> 8 & 0xFFF) + ":" + ((device & 0xFF) | (device >> 12 & 0xFFF00)), node.device, name);
            }
            default -> throw new AssertionError("unexpected: " + name);
        }
        compareAttributes(path, name, node);
    }

    private static void compareAttributes(Path path, String name, Debugfs.Node node) throws IOException {
        if (Files.isSymbolicLink(path) || !(Files.isRegularFile(path) || Files.isDirectory(path))) {
            assertEquals(0, node.extended.size(), name);
            return;
        }
        UserDefinedFileAttributeView view = Files.getFileAttributeView(path, UserDefinedFileAttributeView.class);
        assertEquals(view.list().size(), node.extended.size(), name);
        for (String attribute : view.list()) {
            ByteBuffer value = ByteBuffer.allocate(view.size(attribute));
            view.read(attribute, value);
            byte[] found = node.extended.get("user." + attribute);
            assertArrayEquals(value.array(), found, name);
        }
    }
}
