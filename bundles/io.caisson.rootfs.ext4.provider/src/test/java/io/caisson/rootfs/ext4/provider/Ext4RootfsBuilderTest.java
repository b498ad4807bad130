package io.caisson.rootfs.ext4.provider;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.archive.library.LayerLimits;
import io.caisson.archive.library.TestTar;
import io.caisson.ext4.library.Debugfs;
import io.caisson.ext4.library.Tool;
import io.caisson.rootfs.api.Layer;
import io.caisson.rootfs.api.RootfsImage;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.ProgressListener;
import io.caisson.service.api.ProgressListener.Progress;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class Ext4RootfsBuilderTest {
    private static final String KEY = "sha256:" + "0123456789abcdef".repeat(4);
    private static final LayerLimits LIMITS = new LayerLimits(100_000, 1L << 40);

    @TempDir
    Path directory;

    private Path home = Path.of("unset");
    private Ext4RootfsBuilder builder = new Ext4RootfsBuilder(home, LIMITS);

    @BeforeEach
    void begin() {
        home = directory.resolve("home");
        builder = new Ext4RootfsBuilder(home, LIMITS);
    }

    private static TestLayer layer(TestTar tar) {
        return new TestLayer("layer", tar.bytes());
    }

    private static TestTar small() {
        return new TestTar().directory("etc").file("etc/hostname", "box\n");
    }

    private List<String> kept() throws IOException {
        if (!Files.exists(home.resolve("rootfs"))) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(home.resolve("rootfs"))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private CaissonException assertFails(ErrorKind kind, List<Layer> layers) throws IOException {
        CaissonException failure =
                assertThrows(CaissonException.class, () -> builder.build(KEY, layers, ProgressListener.NONE));
        assertEquals(kind, failure.kind(), failure.getMessage());
        assertEquals(List.of(), kept());
        return failure;
    }

    @Test
    void layersBecomeACleanImage() throws Exception {
        RootfsImage image = builder.build(
                KEY,
                List.of(
                        layer(small().with(0700, 1000, 1000).directory("home").file("home/gone")),
                        new TestLayer(
                                "upper",
                                TestLayer.gzip(new TestTar()
                                        .file("home/.wh.gone")
                                        .file("etc/hostname", "upper\n")
                                        .bytes()))),
                ProgressListener.NONE);
        assertEquals("ext4", image.fileSystem());
        Tool.checkFileSystem(image.file());
        Map<String, Debugfs.Node> tree = new Debugfs(image.file(), directory.resolve("debugfs")).tree();
        assertEquals(java.util.Set.of("", "etc", "etc/hostname", "home"), tree.keySet());
        assertEquals("upper\n", new String(Tool.get(tree, "etc/hostname").content, StandardCharsets.US_ASCII));
        assertEquals(0700, Tool.get(tree, "home").permissions);
        assertEquals(1000, Tool.get(tree, "home").uid);
        assertEquals(0755, Tool.get(tree, "").permissions);
        String dump = Tool.run("dumpe2fs", "-h", image.file().toString());
        assertTrue(dump.contains("01234567-89ab-8def-8123-456789abcdef"), dump);
        assertFalse(image.file().toFile().canWrite() && !isRoot(), "writable");
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    @Test
    void theRootsEntryIsApplied() throws Exception {
        RootfsImage image = builder.build(
                KEY, List.of(layer(new TestTar().with(01777, 5, 6).directory("./"))), ProgressListener.NONE);
        Debugfs.Node root = Tool.get(new Debugfs(image.file(), directory.resolve("debugfs")).tree(), "");
        assertEquals(01777, root.permissions);
        assertEquals(6, root.gid);
    }

    @Test
    void imagesHoldWhatTarExtracts() throws Exception {
        for (long seed = 1; seed <= 4; seed++) {
            Path source = directory.resolve("source" + seed);
            DiskTree.grow(source, seed);
            Path tar = directory.resolve(seed + ".tar");
            Tool.run("tar", "--format=pax", "--xattrs", "-cf", tar.toString(), "-C", source.toString(), ".");
            Path extracted = Files.createDirectory(directory.resolve("extracted" + seed));
            Tool.run("tar", "--xattrs", "-xpf", tar.toString(), "-C", extracted.toString());
            byte[] bytes = Files.readAllBytes(tar);
            RootfsImage image = builder.build(
                    "seed" + seed,
                    List.of(new TestLayer("tree", seed % 2 == 0 ? TestLayer.gzip(bytes) : bytes)),
                    ProgressListener.NONE);
            Tool.checkFileSystem(image.file());
            DiskTree.assertSame(extracted, new Debugfs(image.file(), directory.resolve("debugfs")).tree());
        }
    }

    @Test
    void anImageThatWasChangedIsBuiltAgain() throws Exception {
        var layers = List.<Layer>of(layer(small()));
        Path image = builder.build(KEY, layers, ProgressListener.NONE).file();
        byte[] whole = Files.readAllBytes(image);
        Object inode = Files.getAttribute(image, "unix:ino");
        builder.build(KEY, layers, ProgressListener.NONE);
        assertEquals(inode, Files.getAttribute(image, "unix:ino"));
        Files.setPosixFilePermissions(image, PosixFilePermissions.fromString("rw-r--r--"));
        try (FileChannel file = FileChannel.open(image, StandardOpenOption.WRITE)) {
            file.truncate(whole.length / 2);
        }
        assertArrayEquals(
                whole,
                Files.readAllBytes(
                        builder.build(KEY, layers, ProgressListener.NONE).file()));
    }

    @Test
    void sameLayersGiveTheSameImageHoweverTheyAreCompressed() throws Exception {
        byte[] tar = small().bytes();
        Path plain = builder.build(KEY, List.of(new TestLayer("l", tar)), ProgressListener.NONE)
                .file();
        Path other = new Ext4RootfsBuilder(directory.resolve("other"), LIMITS)
                .build(KEY, List.of(new TestLayer("l", TestLayer.gzip(tar))), ProgressListener.NONE)
                .file();
        assertEquals(-1, Files.mismatch(plain, other));
    }

    @Test
    void anImageThatIsThereIsNotBuiltAgain() throws Exception {
        TestLayer layer = layer(small());
        Path first = builder.build(KEY, List.of(layer), ProgressListener.NONE).file();
        Path second = builder.build(KEY, List.of(layer), ProgressListener.NONE).file();
        assertEquals(first, second);
        assertEquals(1, layer.opened.get());
    }

    @Test
    void differentKeysAreDifferentImages() throws Exception {
        for (String key :
                new String[] {"a:b", "a-b", "A-B", "a_2d_b", "../../up", "x".repeat(500), "x".repeat(501), ""}) {
            builder.build(key, List.of(layer(new TestTar().file("key", key))), ProgressListener.NONE);
        }
        assertEquals(8, kept().size());
        assertEquals(List.of("home"), names(directory));
    }

    private static List<String> names(Path place) throws IOException {
        try (Stream<Path> files = Files.list(place)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void progressGoesFromNothingToAll() throws Exception {
        byte[] tar = new TestTar().file("large", "x".repeat(5 << 20)).bytes();
        List<Progress> heard = new ArrayList<>();
        builder.build(KEY, List.of(new TestLayer("l", tar)), heard::add);
        assertEquals(0, heard.getFirst().done());
        assertEquals(tar.length, heard.getLast().done());
        assertTrue(heard.size() >= 5, heard.toString());
        for (int i = 1; i < heard.size(); i++) {
            assertTrue(heard.get(i).done() >= heard.get(i - 1).done(), heard.toString());
            assertEquals(tar.length, heard.get(i).total());
            assertEquals(heard.getFirst().task(), heard.get(i).task());
        }
    }

    @Test
    void manyThreadsAtOnceBuildOnce() throws Exception {
        TestLayer layer = layer(new TestTar().file("large", "x".repeat(3 << 20)));
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Path>> calls = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                // Every other one through a builder of its own, as when the bundle is updated.
                Ext4RootfsBuilder one = i % 2 == 0 ? builder : new Ext4RootfsBuilder(home, LIMITS);
                calls.add(() ->
                        one.build(KEY, List.of(layer), ProgressListener.NONE).file());
            }
            for (Future<Path> call : threads.invokeAll(calls)) {
                assertTrue(Files.exists(call.get()));
            }
        }
        assertEquals(1, layer.opened.get());
        assertEquals(1, kept().size());
    }

    @Test
    void manyProcessesAtOnceBuildOnce() throws Exception {
        Path tar = Files.write(
                directory.resolve("l.tar"),
                new TestTar().file("f", "x".repeat(3 << 20)).bytes());
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            processes.add(BuilderProcess.start(0, home.toString(), KEY, tar.toString()));
        }
        int opened = 0;
        for (Process process : processes) {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, process.waitFor());
            assertTrue(output.endsWith("done\n"), output);
            opened += output.startsWith("opened\n") ? 1 : 0;
        }
        assertEquals(1, opened);
        assertEquals(1, kept().size());
    }

    @Test
    void whatAKilledBuilderLeftIsRemovedByTheNext() throws Exception {
        Path tar = Files.write(directory.resolve("l.tar"), small().bytes());
        for (String key : new String[] {"killed", "waiting"}) {
            Process process = BuilderProcess.start(0, home.toString(), key, tar.toString(), "hold");
            BufferedReader output = process.inputReader();
            assertEquals("opened", output.readLine());
            assertEquals("holding", output.readLine());
            if (key.equals("killed")) {
                process.destroyForcibly().waitFor();
                assertEquals(1, kept().size());
                continue;
            }
            // Another build is under way in another process: its file stays, that of the killed one goes.
            builder.build(KEY, List.of(layer(small())), ProgressListener.NONE);
            assertEquals(2, kept().size(), kept().toString());
            process.getOutputStream().close();
            assertEquals("done", output.readLine());
            assertEquals(0, process.waitFor());
        }
        builder.build("killed", List.of(layer(small())), ProgressListener.NONE);
        assertEquals(3, kept().size());
        assertTrue(kept().stream().allMatch(name -> name.endsWith(".ext4")), kept().toString());
    }

    /** A layer that never ends and interrupts its reader on the way. */
    private static final class Endless implements Layer {
        @Override
        public String name() {
            return "endless";
        }

        @Override
        public String mediaType() {
            return "application/vnd.oci.image.layer.v1.tar";
        }

        @Override
        public long size() {
            return 0;
        }

        @Override
        public InputStream open() {
            byte[] header = new TestTar().header('0', "endless", "", 0);
            System.arraycopy("77777777777".getBytes(StandardCharsets.US_ASCII), 0, header, 124, 11);
            TestTar.sum(header);
            return new InputStream() {
                private long at;

                @Override
                public int read() {
                    return at < header.length ? header[(int) at++] & 0xFF : 1;
                }

                @Override
                public int read(byte[] into, int offset, int count) {
                    if (count == 0) {
                        return 0;
                    }
                    if (at < header.length) {
                        into[offset] = (byte) read();
                        return 1;
                    }
                    Arrays.fill(into, offset, offset + count, (byte) 1);
                    at += count;
                    if (at > 8 << 20) {
                        Thread.currentThread().interrupt();
                    }
                    return count;
                }
            };
        }
    }

    @Test
    void anInterruptCancelsAndLeavesNothing() throws Exception {
        assertThrows(
                InterruptedException.class, () -> builder.build(KEY, List.of(new Endless()), ProgressListener.NONE));
        assertFalse(Thread.interrupted());
        assertEquals(List.of(), kept());
        builder.build(KEY, List.of(layer(small())), ProgressListener.NONE);
        assertEquals(1, kept().size());
    }

    @Test
    @Timeout(value = 1, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aWaitingCallerCanGiveUp() throws Exception {
        Path tar = Files.write(directory.resolve("l.tar"), small().bytes());
        Process process = BuilderProcess.start(0, home.toString(), KEY, tar.toString(), "hold");
        BufferedReader output = process.inputReader();
        assertEquals("opened", output.readLine());
        assertEquals("holding", output.readLine());
        var builds =
                new FutureTask<RootfsImage>(() -> builder.build(KEY, List.of(layer(small())), ProgressListener.NONE));
        Thread waiting = Thread.ofVirtual().start(builds);
        while (waiting.getState() != Thread.State.TIMED_WAITING) {
            assertTrue(waiting.isAlive());
            Thread.onSpinWait();
        }
        waiting.interrupt();
        assertInstanceOf(
                InterruptedException.class,
                assertThrows(ExecutionException.class, builds::get).getCause());
        process.getOutputStream().close();
        assertEquals("done", output.readLine());
        assertEquals(0, process.waitFor());
    }

    @Test
    void aLayerThatIsCutOffAnywhereIsCorrupt() throws Exception {
        byte[] content = new byte[60_000];
        new java.util.Random(7).nextBytes(content);
        byte[] compressed = TestLayer.gzip(new TestTar()
                .file("random", new String(content, StandardCharsets.ISO_8859_1))
                .file("after", "x")
                .bytes());
        for (int length = 1000; length < compressed.length; length += 1000) {
            CaissonException failure =
                    assertFails(ErrorKind.CORRUPT, List.of(new TestLayer("cut", Arrays.copyOf(compressed, length))));
            assertTrue(failure.getMessage().contains("layer cut"), failure.getMessage());
            assertTrue(failure.getMessage().contains("offset"), failure.getMessage());
        }
        assertFails(ErrorKind.CORRUPT, List.of(new TestLayer("cut", Arrays.copyOf(compressed, compressed.length - 1))));
    }

    @Test
    void layersThatAreRefusedNameEntryAndOffset() throws Exception {
        CaissonException failure = assertFails(
                ErrorKind.CORRUPT,
                List.of(
                        layer(small()),
                        new TestLayer("evil", new TestTar().file("a/../../x").bytes())));
        assertEquals(
                "failed building the root file system of " + KEY
                        + ": layer evil, entry 'a/../../x' at offset 0: the path 'a/../../x' leads out of the root",
                failure.getMessage());
        failure = assertFails(
                ErrorKind.CORRUPT,
                List.of(layer(new TestTar().pax("path=" + "n".repeat(256)).file("f"))));
        assertTrue(failure.getMessage().contains("a name of 256 bytes: 255 are the limit"), failure.getMessage());
        failure = assertFails(ErrorKind.CORRUPT, List.of(new TestLayer("not a tar", new byte[] {1, 2, 3})));
        assertTrue(failure.getMessage().contains("layer not a tar"), failure.getMessage());
    }

    @Test
    void zstdIsUnsupportedAndSaysSo() throws Exception {
        CaissonException failure = assertFails(
                ErrorKind.UNSUPPORTED,
                List.of(new TestLayer("l", new byte[] {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD, 0, 0, 0})));
        assertTrue(failure.getMessage().contains("zstd"), failure.getMessage());
    }

    @Test
    void aSourceThatFailsIsUnavailable() throws Exception {
        Layer broken = new Layer() {
            @Override
            public String name() {
                return "broken";
            }

            @Override
            public String mediaType() {
                return "application/vnd.oci.image.layer.v1.tar";
            }

            @Override
            public long size() {
                return 1;
            }

            @Override
            public InputStream open() throws IOException {
                throw new IOException("the store is gone");
            }
        };
        CaissonException failure = assertFails(ErrorKind.UNAVAILABLE, List.of(broken));
        assertTrue(failure.getMessage().contains("the store is gone"), failure.getMessage());
    }

    @Test
    void noRoomIsUnavailableAndLeavesNothing() throws Exception {
        Path tar = Files.write(
                directory.resolve("l.tar"),
                new TestTar().file("f", "x".repeat(5 << 20)).bytes());
        Process process = BuilderProcess.start(2048, home.toString(), KEY, tar.toString());
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor());
        assertTrue(output.contains("UNAVAILABLE failed building"), output);
        assertTrue(output.contains("MiB are free"), output);
        assertEquals(List.of(), kept());
        Path disk = directory.resolve("disk");
        process = BuilderProcess.start(2048, home.toString(), disk.toString());
        output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor());
        assertTrue(output.contains("UNAVAILABLE failed making"), output);
        assertFalse(Files.exists(disk));
    }

    @Test
    void aHomeThatCannotBeWrittenIsUnavailable() {
        Ext4RootfsBuilder nowhere = new Ext4RootfsBuilder(Path.of("/proc/caisson"), LIMITS);
        CaissonException failure = assertThrows(
                CaissonException.class, () -> nowhere.build(KEY, List.of(layer(small())), ProgressListener.NONE));
        assertEquals(ErrorKind.UNAVAILABLE, failure.kind());
        assertTrue(failure.getMessage().contains("/proc/caisson"), failure.getMessage());
    }

    @Test
    void scratchDisksAreEmptyAndSparse() throws Exception {
        for (long bytes : new long[] {16 << 20, 100_000_001, 64L << 30}) {
            Path disk = directory.resolve("disk" + bytes);
            builder.createScratch(disk, bytes);
            Tool.checkFileSystem(disk);
            assertTrue(Tool.allocated(disk) < 200 << 10);
        }
    }

    @Test
    void aScratchDiskReplacesNothing() throws Exception {
        Path disk = Files.writeString(directory.resolve("disk"), "mine");
        CaissonException failure = assertThrows(CaissonException.class, () -> builder.createScratch(disk, 16 << 20));
        assertEquals(ErrorKind.EXISTS, failure.kind());
        assertArrayEquals("mine".getBytes(StandardCharsets.US_ASCII), Files.readAllBytes(disk));
        failure = assertThrows(
                CaissonException.class, () -> builder.createScratch(directory.resolve("small"), (16 << 20) - 1));
        assertEquals(ErrorKind.INVALID_ARGUMENT, failure.kind());
        assertFalse(Files.exists(directory.resolve("small")));
    }
}
