package io.caisson.ext4.library;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Ext4WriterTest {
    private static final UUID ID = UUID.fromString("0f8fad5b-d9cb-469f-a165-70867728950e");
    private static final Ext4Attributes PLAIN = Ext4Attributes.of(0644, 0, 0, Instant.EPOCH);

    @TempDir
    Path directory;

    /** What a test does with a writer. */
    private interface Filling {
        void fill(Ext4Writer writer) throws IOException;
    }

    private Path write(Ext4Options options, Filling filling) throws IOException {
        Path image = Files.createTempFile(directory, "image", ".ext4");
        try (FileChannel target = FileChannel.open(image, StandardOpenOption.WRITE)) {
            Ext4Writer writer = new Ext4Writer(target, options);
            filling.fill(writer);
            writer.finish();
        }
        return image;
    }

    private static Ext4Options.Builder options() {
        return Ext4Options.builder(ID);
    }

    private Map<String, Debugfs.Node> read(Path image) throws IOException, InterruptedException {
        return new Debugfs(image, directory.resolve("debugfs")).tree();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static void addFile(Ext4Writer writer, String name, byte[] content) throws IOException {
        writer.createFile(writer.root(), bytes(name), PLAIN, new ByteArrayInputStream(content), content.length);
    }

    @ParameterizedTest
    @CsvSource({
        "1024, 1",
        "1024, 9",
        "1024, 300",
        "1024, 40000",
        "2048, 16",
        "2048, 1000",
        "4096, 2",
        "4096, 16",
        "4096, 129",
        "4096, 65536",
        "4096, 1048576"
    })
    void emptyFileSystemsOfAnySizePassE2fsck(int blockSize, long mebibytes) throws Exception {
        Path image = write(options().blockSize(blockSize).size(mebibytes << 20).build(), writer -> {});
        Tool.checkFileSystem(image);
        assertEquals(mebibytes << 20, Files.size(image));
        assertEquals("directory", Tool.get(read(image), "lost+found").type);
    }

    @Test
    void anEmptyDiskOf64GibibytesTakesLessThan200Kibibytes() throws Exception {
        Path image = write(options().size(64L << 30).build(), writer -> {});
        long allocated = Tool.allocated(image);
        assertTrue(allocated < 200 << 10, "allocated: " + allocated);
        String dump = Tool.run("dumpe2fs", image.toString());
        assertEquals(512, dump.split("ITABLE_ZEROED", -1).length - 1, "groups the kernel has nothing to zero in");
    }

    @Test
    void dumpe2fsShowsWhatWasAskedFor() throws Exception {
        Path image = write(
                options()
                        .size(256 << 20)
                        .label("täst")
                        .time(1234567890)
                        .bytesPerInode(4096)
                        .build(),
                writer -> {});
        String dump = Tool.run("dumpe2fs", "-h", image.toString());
        assertTrue(dump.contains("Filesystem UUID:          " + ID), dump);
        assertTrue(
                dump.contains("Filesystem volume name:   "
                        + new String("täst".getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1)),
                dump);
        assertTrue(dump.contains("Inode count:              65536"), dump);
        assertTrue(dump.contains("Block count:              65536"), dump);
        assertTrue(dump.contains("Filesystem state:         clean"), dump);
        assertTrue(dump.contains("2009"), dump);
        for (String feature : new String[] {
            "ext_attr",
            "dir_index",
            "sparse_super2",
            "filetype",
            "extent",
            "64bit",
            "flex_bg",
            "large_file",
            "huge_file",
            "dir_nlink",
            "extra_isize",
            "metadata_csum"
        }) {
            assertTrue(dump.contains(feature), feature + " in " + dump);
        }
    }

    @Test
    void theKernelNeedNotLookAtTheWholeOfALargeFileSystemToBegin() throws Exception {
        Path image = write(options().size(64L << 30).build(), writer -> {});
        String dump = Tool.run("dumpe2fs", "-h", image.toString());
        assertTrue(dump.contains("Flex block group size:    16"), dump);
        Tool.checkFileSystem(image);
    }

    @ParameterizedTest
    @CsvSource({"1, 4096", "2, 4096", "3, 1024", "4, 2048", "5, 1024", "6, 4096", "7, 1024", "8, 2048"})
    void randomTreesAreReadBackAsWritten(long seed, int blockSize) throws Exception {
        Map<String, RandomTree.Expected>[] expected = newArray();
        Path image = write(options().blockSize(blockSize).build(), writer -> {
            RandomTree tree = new RandomTree(seed, writer, blockSize);
            tree.grow(600);
            expected[0] = tree.files();
        });
        Tool.checkFileSystem(image);
        Map<String, Debugfs.Node> actual = read(image);
        assertEquals("directory", Tool.get(actual, "").type);
        assertEquals("directory", Tool.get(actual, "lost+found").type);
        actual.remove("");
        actual.remove("lost+found");
        assertEquals(expected[0].keySet(), actual.keySet());
        expected[0].forEach((path, file) -> assertSame(path, file, Tool.get(actual, path), blockSize));
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Map<String, RandomTree.Expected>[] newArray() {
        return new Map[1];
    }

    private static void assertSame(String path, RandomTree.Expected file, Debugfs.Node node, int blockSize) {
        assertEquals(typeOf(file.kind), node.type, path);
        assertEquals(file.permissions, node.permissions, path);
        assertEquals(file.uid, node.uid, path);
        assertEquals(file.gid, node.gid, path);
        assertEquals(file.links, node.links, path);
        assertEquals(file.modified, node.times.get("m"), path);
        assertEquals(file.modified, node.times.get("c"), path);
        assertEquals(file.modified, node.times.get("cr"), path);
        assertEquals(file.accessed, node.times.get("a"), path);
        assertEquals(file.device, node.device, path);
        assertArrayEquals(file.content, node.content, path);
        assertEquals(file.extended.keySet(), node.extended.keySet(), path);
        file.extended.forEach((name, value) -> assertArrayEquals(value, node.extended.get(name), path + " " + name));
        if (file.kind == FileKind.REGULAR) {
            long blocks = 0;
            for (int at = 0; at < file.content.length; at += blockSize) {
                int end = Math.min(file.content.length, at + blockSize);
                byte[] block = Arrays.copyOfRange(file.content, at, end);
                blocks += Arrays.equals(block, new byte[block.length]) ? 0 : 1;
            }
            // At most: an attribute block, and an extent tree block for each 80 extents.
            long most = blocks + 2 + blocks / 80;
            long taken = node.sectors * 512 / blockSize;
            assertTrue(taken >= blocks && taken <= most, path + ": " + taken + " blocks for " + blocks);
        }
    }

    private static String typeOf(FileKind kind) {
        return switch (kind) {
            case FIFO -> "FIFO";
            case CHARACTER_DEVICE -> "character special";
            case DIRECTORY -> "directory";
            case BLOCK_DEVICE -> "block special";
            case REGULAR -> "regular";
            case SYMBOLIC_LINK -> "symlink";
            case SOCKET -> "socket";
        };
    }

    @Test
    void sameCallsGiveSameBytes() throws Exception {
        String first = hash(write(options().build(), writer -> new RandomTree(42, writer, 4096).grow(300)));
        String second = hash(write(options().build(), writer -> new RandomTree(42, writer, 4096).grow(300)));
        assertEquals(first, second);
    }

    /** When this changes on purpose, {@link Ext4Writer#FORMAT_REVISION} changes with it. */
    @Test
    void theImageOfKnownContentIsTheKnownImage() throws Exception {
        Path image = write(options().size(4 << 20).label("golden").build(), writer -> {
            Ext4Entry etc = writer.createDirectory(writer.root(), bytes("etc"), PLAIN);
            writer.createFile(etc, bytes("hosts"), PLAIN, new ByteArrayInputStream(bytes("127.0.0.1 localhost\n")), 20);
            writer.createSymbolicLink(writer.root(), bytes("link"), PLAIN, bytes("etc/hosts"));
            writer.createDevice(writer.root(), bytes("null"), PLAIN, FileKind.CHARACTER_DEVICE, 1, 3);
        });
        Tool.checkFileSystem(image);
        assertEquals("db96de3449cf99c0fab2c3a795539e0d51949567f407a3ce570fbee1dfba1a83", hash(image));
    }

    private static String hash(Path file) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    }

    @ParameterizedTest
    @CsvSource({"1024, 3000", "1024, 30000", "4096, 1500", "2048, 400"})
    void scatteredContentHasAnExtentTreeOfAnyDepth(int blockSize, int pieces) throws Exception {
        byte[] content = new byte[pieces * 2 * blockSize];
        for (int i = 0; i < pieces; i++) {
            content[i * 2 * blockSize + i % blockSize] = (byte) (1 + i % 100);
        }
        Path image = write(options().blockSize(blockSize).build(), writer -> addFile(writer, "scattered", content));
        Tool.checkFileSystem(image);
        assertArrayEquals(content, Tool.get(read(image), "scattered").content);
    }

    @Test
    void aFileOfZerosTakesNoBlocks() throws Exception {
        Path image = write(options().build(), writer -> addFile(writer, "zeros", new byte[(5 << 20) + 1]));
        Tool.checkFileSystem(image);
        Debugfs.Node node = Tool.get(read(image), "zeros");
        assertEquals((5 << 20) + 1, node.size);
        assertEquals(0, node.sectors);
    }

    @Test
    void contentOfManyGroupsIsOneExtentEach128Mebibytes() throws Exception {
        long size = 300L << 20;
        Path image = write(
                options().build(),
                writer -> writer.createFile(writer.root(), bytes("large"), PLAIN, new Ones(size), size));
        Tool.checkFileSystem(image);
        String extents = Tool.run("debugfs", "-R", "ex <12>", image.toString());
        assertEquals(3, extents.lines().filter(line -> line.contains(" - ")).count(), extents);
    }

    /** So many bytes of one. */
    private static final class Ones extends InputStream {
        private long left;

        Ones(long size) {
            left = size;
        }

        @Override
        public int read() {
            return left-- > 0 ? 1 : -1;
        }

        @Override
        public int read(byte[] into, int at, int count) {
            int got = (int) Math.min(left, count);
            Arrays.fill(into, at, at + got, (byte) 1);
            left -= got;
            return got == 0 && count > 0 ? -1 : got;
        }
    }

    @Test
    void largeDirectoriesAreValid() throws Exception {
        Path image = write(options().blockSize(1024).build(), writer -> {
            Ext4Entry parent = writer.createDirectory(writer.root(), bytes("many"), PLAIN);
            for (int i = 0; i < 30_000; i++) {
                writer.createSpecial(parent, bytes("a name that is not quite short " + i), PLAIN, FileKind.FIFO);
            }
        });
        Tool.checkFileSystem(image);
        assertEquals(30_003, read(image).size());
    }

    @Test
    void aDirectoryMayHaveMoreSubdirectoriesThanLinksAreCounted() throws Exception {
        Path image = write(options().blockSize(1024).build(), writer -> {
            for (int i = 0; i < 65_100; i++) {
                writer.createDirectory(writer.root(), bytes("d" + i), PLAIN);
            }
        });
        Tool.checkFileSystem(image);
        String stat = Tool.run("debugfs", "-R", "stat <2>", image.toString());
        assertTrue(stat.contains("Links: 1 "), stat);
    }

    @Test
    void manyInodesWithoutContentMakeMoreGroups() throws Exception {
        Path image = write(options().blockSize(1024).build(), writer -> {
            for (int i = 0; i < 20_000; i++) {
                writer.createSpecial(writer.root(), bytes("f" + i), PLAIN, FileKind.FIFO);
            }
        });
        Tool.checkFileSystem(image);
    }

    @Test
    void accessControlListsAreStoredAsTheKernelStoresThem() throws Exception {
        byte[] acl = HexFormat.of()
                .parseHex("02000000" + "01000600ffffffff" + "02000700e8030000" + "04000400ffffffff" + "10000700ffffffff"
                        + "20000400ffffffff");
        Path image = write(
                options().build(),
                writer -> writer.createDirectory(
                        writer.root(),
                        bytes("d"),
                        PLAIN.withExtended(Map.of("system.posix_acl_access", acl, "system.posix_acl_default", acl))));
        Tool.checkFileSystem(image);
        Debugfs.Node node = Tool.get(read(image), "d");
        assertEquals(2, node.extended.size(), node.extended.keySet().toString());
        // debugfs turns them back into the calls' form, with 0 where there is no id on disk.
        String back = HexFormat.of().formatHex(acl).replace("ffffffff", "00000000");
        node.extended.forEach((name, value) -> assertEquals(back, HexFormat.of().formatHex(value), name));
    }

    @Test
    void attributesOfNamespacesWithoutNumberAreLeftOut() throws Exception {
        Path image = write(
                options().build(),
                writer -> writer.createSpecial(
                        writer.root(),
                        bytes("f"),
                        PLAIN.withExtended(Map.of("com.apple.quarantine", new byte[3], "user.kept", new byte[] {7})),
                        FileKind.FIFO));
        assertEquals(
                java.util.Set.of("user.kept"),
                Tool.get(read(image), "f").extended.keySet());
    }

    @Test
    void whatWasRemovedIsNotInTheImage() throws Exception {
        byte[] secret = bytes("do not keep this ".repeat(1000));
        Path image = write(options().build(), writer -> {
            addFile(writer, "secret", secret);
            addFile(writer, "other", bytes("other"));
            assertTrue(writer.remove(writer.root(), bytes("secret")));
            assertFalse(writer.remove(writer.root(), bytes("secret")));
        });
        Tool.checkFileSystem(image);
        String all = Files.readString(image, StandardCharsets.ISO_8859_1);
        assertFalse(all.contains("do not keep this"));
        assertTrue(all.contains("other"));
    }

    @Test
    void roomOfRemovedFilesIsUsedAgain() throws Exception {
        byte[] content = new byte[1 << 20];
        new Random(1).nextBytes(content);
        Path image = write(options().build(), writer -> {
            for (int i = 0; i < 100; i++) {
                writer.remove(writer.root(), bytes("file"));
                addFile(writer, "file", content);
            }
        });
        Tool.checkFileSystem(image);
        assertArrayEquals(content, Tool.get(read(image), "file").content);
        assertTrue(Files.size(image) < 4 << 20, "size " + Files.size(image));
    }

    @Test
    void contentThatDoesNotFitIsRefused() throws Exception {
        Exception refused = assertThrows(
                FileSystemFullException.class,
                () -> write(
                        options().size(8 << 20).build(),
                        writer -> writer.createFile(writer.root(), bytes("large"), PLAIN, new Ones(9 << 20), 9 << 20)));
        assertTrue(String.valueOf(refused.getMessage()).contains("does not fit"), refused.getMessage());
    }

    @Test
    void moreFilesThanInodesAreRefused() throws Exception {
        assertThrows(
                FileSystemFullException.class,
                () -> write(options().size(1 << 20).build(), writer -> {
                    for (int i = 0; i < 100; i++) {
                        writer.createSpecial(writer.root(), bytes("f" + i), PLAIN, FileKind.FIFO);
                    }
                }));
    }

    @Test
    void contentBeyondTheMaximumSizeIsRefused() throws Exception {
        assertThrows(
                FileSystemFullException.class,
                () -> write(
                        options().maximumSize(64 << 20).build(),
                        writer ->
                                writer.createFile(writer.root(), bytes("large"), PLAIN, new Ones(70 << 20), 70 << 20)));
    }

    @Test
    void aFullDiskIsATargetException() throws Exception {
        try (FileChannel full = FileChannel.open(Path.of("/dev/full"), StandardOpenOption.WRITE)) {
            Ext4Writer writer = new Ext4Writer(full, options().build());
            TargetException failure = assertThrows(
                    TargetException.class,
                    () -> writer.createFile(writer.root(), bytes("f"), PLAIN, new Ones(4 << 20), 4 << 20));
            assertTrue(String.valueOf(failure.getMessage()).contains("No space left"), failure.getMessage());
        }
    }

    @Test
    void contentThatEndsEarlyIsRefused() throws Exception {
        assertThrows(
                EOFException.class,
                () -> write(
                        options().build(),
                        writer -> writer.createFile(
                                writer.root(), bytes("f"), PLAIN, new ByteArrayInputStream(new byte[10]), 11)));
    }

    @Test
    void namesAreBetween1And255BytesWithoutSlash() throws Exception {
        Path image = write(options().build(), writer -> {
            addFile(writer, "n".repeat(255), bytes("x"));
            addFile(writer, "...", bytes("x"));
            for (String name : new String[] {"", ".", "..", "a/b", "a\0b", "n".repeat(256)}) {
                assertThrows(Ext4Exception.class, () -> addFile(writer, name, bytes("x")), name);
            }
        });
        Tool.checkFileSystem(image);
    }

    @Test
    void limitsOfLinksAndAttributesAreErrors() throws Exception {
        write(options().blockSize(1024).build(), writer -> {
            assertThrows(
                    Ext4Exception.class,
                    () -> writer.createSymbolicLink(writer.root(), bytes("l"), PLAIN, new byte[1024]));
            assertThrows(
                    Ext4Exception.class,
                    () -> writer.createSymbolicLink(writer.root(), bytes("l"), PLAIN, new byte[0]));
            assertThrows(
                    Ext4Exception.class,
                    () -> writer.createDevice(writer.root(), bytes("d"), PLAIN, FileKind.BLOCK_DEVICE, 4096, 0));
            Ext4Entry directory = writer.createDirectory(writer.root(), bytes("dir"), PLAIN);
            assertThrows(Ext4Exception.class, () -> writer.link(writer.root(), bytes("hard"), directory));
        });
        Exception tooLarge = assertThrows(
                Ext4Exception.class,
                () -> write(
                        options().build(),
                        writer -> writer.createDirectory(
                                writer.root(), bytes("d"), PLAIN.withExtended(Map.of("user.large", new byte[5000])))));
        assertTrue(String.valueOf(tooLarge.getMessage()).contains("extended attributes"));
    }

    @Test
    void aFileHasNoMoreNamesThanLinksAreCounted() throws Exception {
        Path image = write(options().build(), writer -> {
            Ext4Entry file = writer.createSpecial(writer.root(), bytes("first"), PLAIN, FileKind.FIFO);
            for (int i = 1; i < 65_000; i++) {
                writer.link(writer.root(), bytes("l" + i), file);
            }
            assertThrows(Ext4Exception.class, () -> writer.link(writer.root(), bytes("more"), file));
        });
        Tool.checkFileSystem(image);
    }

    @Test
    void anInterruptEndsTheWritingAndClosesTheTarget() throws Exception {
        Path image = directory.resolve("interrupted");
        try (FileChannel target = FileChannel.open(image, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            Ext4Writer writer = new Ext4Writer(target, options().build());
            Thread.currentThread().interrupt();
            TargetException failure = assertThrows(
                    TargetException.class,
                    () -> writer.createFile(writer.root(), bytes("f"), PLAIN, new Ones(4 << 20), 4 << 20));
            assertTrue(Thread.interrupted());
            assertInstanceOf(java.nio.channels.ClosedByInterruptException.class, failure.getCause());
            assertFalse(target.isOpen());
        }
    }
}
