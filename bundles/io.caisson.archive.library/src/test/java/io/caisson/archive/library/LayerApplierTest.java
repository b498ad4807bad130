package io.caisson.archive.library;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LayerApplierTest {
    private static final LayerLimits LIMITS = new LayerLimits(1_000_000, 1 << 30);

    private static MemoryTarget apply(TestTar... layers) throws IOException, InterruptedException {
        MemoryTarget target = new MemoryTarget();
        var applier = new LayerApplier<>(target, LIMITS);
        int number = 0;
        for (TestTar layer : layers) {
            applier.apply("layer" + ++number, new ByteArrayInputStream(layer.bytes()));
        }
        return target;
    }

    private static void assertRefused(String reason, TestTar... layers) {
        LayerException refused = assertThrows(LayerException.class, () -> apply(layers));
        assertTrue(String.valueOf(refused.getMessage()).contains(reason), refused.getMessage());
        assertEquals("layer" + layers.length, refused.layer());
        assertTrue(String.valueOf(refused.getMessage()).contains("offset"), refused.getMessage());
    }

    private static TestTar tar() {
        return new TestTar();
    }

    @Test
    void upperLayersReplaceAndAdd() throws Exception {
        MemoryTarget target = apply(
                tar().directory("a/").file("a/kept", "lower").file("a/replaced", "lower"),
                tar().file("a/replaced", "upper").file("a/new", "upper"));
        assertEquals("""
                /a directory 755
                /a/kept file 755 lower
                /a/new file 755 upper
                /a/replaced file 755 upper
                """, target.listing());
    }

    @Test
    void aWhiteoutRemovesWhatIsBelow() throws Exception {
        MemoryTarget target = apply(
                tar().file("a/file").file("a/tree/deep/file").file("b"),
                tar().file("a/.wh.file").file("a/.wh.tree").file(".wh.b").file(".wh.never-there"));
        assertEquals("/a directory 755\n", target.listing());
    }

    @Test
    void aWhiteoutLeavesWhatItsOwnLayerBringsInWhateverOrder() throws Exception {
        for (TestTar upper : new TestTar[] {
            tar().file("f", "upper").file("d/new", "x").file(".wh.f").file(".wh.d"),
            tar().file(".wh.f").file(".wh.d").file("f", "upper").file("d/new", "x")
        }) {
            MemoryTarget target = apply(tar().file("f", "lower").file("d/old", "x"), upper);
            assertEquals("/d directory 755\n/d/new file 755 x\n/f file 755 upper\n", target.listing());
        }
    }

    @Test
    void anOpaqueDirectoryHidesAllLowerLayers() throws Exception {
        TestTar first = tar().file("d/one").file("d/sub/two");
        TestTar second = tar().file("d/three").with(0700, 0, 0).directory("d/empty");
        for (TestTar upper : new TestTar[] {
            tar().directory("d").file("d/.wh..wh..opq").file("d/sub/new"),
            tar().file("d/sub/new").directory("d").file("d/.wh..wh..opq")
        }) {
            MemoryTarget target = apply(first, second, upper);
            assertEquals("/d directory 755\n/d/sub directory 755\n/d/sub/new file 755\n", target.listing());
        }
    }

    @Test
    void nestedOpaqueDirectoriesLeaveNothingOfLowerLayers() throws Exception {
        MemoryTarget target = apply(
                tar().file("a/b/c/old"), tar().file("a/b/.wh..wh..opq").file("a/.wh..wh..opq"), tar().file("a/x"));
        assertEquals("/a directory 755\n/a/x file 755\n", target.listing());
    }

    @Test
    void typesChangeBetweenLayers() throws Exception {
        MemoryTarget target = apply(
                tar().file("was-file", "x")
                        .file("was-tree/a/b")
                        .symlink("was-link", "was-file")
                        .directory("was-empty"),
                tar().directory("was-file")
                        .file("was-tree", "y")
                        .directory("was-link")
                        .symlink("was-empty", "/"));
        assertEquals("""
                /was-empty symlink 755 /
                /was-file directory 755
                /was-link directory 755
                /was-tree file 755 y
                """, target.listing());
    }

    @Test
    void hardLinksReachLowerLayersAndSurviveTheirTarget() throws Exception {
        MemoryTarget target = apply(
                tar().file("a", "content").link("b", "a"),
                tar().link("c", "./b").file(".wh.a"),
                tar().file("b", "new"));
        assertEquals("/b file 755 new\n/c file 755 content\n", target.listing());
    }

    @Test
    void aHardLinkToASymbolicLinkIsAnotherNameOfTheLink() throws Exception {
        MemoryTarget target = apply(tar().file("f", "x").symlink("s", "f").link("h", "s"));
        assertEquals("/f file 755 x\n/h symlink 755 f\n/s = /h\n", target.listing());
    }

    @Test
    void theLastOfDuplicateEntriesWins() throws Exception {
        MemoryTarget target = apply(tar().file("a", "1")
                .file("./a", "2")
                .directory("d")
                .with(0700, 0, 0)
                .directory("d/"));
        assertEquals("/a file 755 2\n/d directory 700\n", target.listing());
    }

    @Test
    void directoryMetadataIsThatOfTheHighestLayer() throws Exception {
        MemoryTarget target = apply(
                tar().with(01777, 1, 2).at(100).directory("tmp"),
                tar().pax("SCHILY.xattr.user.a=1").with(0750, 3, 4).at(200).directory("tmp"),
                tar().file("tmp/f"));
        FileMetadata metadata = target.at("/tmp").metadata;
        assertEquals(0750, metadata.permissions());
        assertEquals(3, metadata.uid());
        assertEquals(4, metadata.gid());
        assertEquals(Instant.ofEpochSecond(200), metadata.modified());
        assertArrayEquals(new byte[] {'1'}, metadata.extended().get("user.a"));
    }

    @Test
    void anEntryForTheRootSetsItsMetadata() throws Exception {
        MemoryTarget target = apply(tar().with(0700, 5, 6).directory("./"));
        assertEquals(0700, target.root().node.metadata.permissions());
        assertEquals("", target.listing());
    }

    @Test
    void pathsAreCleanedLexically() throws Exception {
        MemoryTarget target = apply(tar().file("/abs", "1")
                .file("./x/../dot", "2")
                .file("a//b/./c", "3")
                .file("a/b/.", "4")
                .file("a/d"));
        assertEquals(
                "/a directory 755\n/a/b file 755 4\n/a/d file 755\n/abs file 755 1\n/dot file 755 2\n",
                target.listing());
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x", "a/../../x", "/..", "..", "./../x", "/../etc/passwd"})
    void pathsThatLeaveTheRootAreRefused(String path) {
        assertRefused("leads out of the root", tar().file(path, "x"));
        assertRefused("leads out of the root", tar().file("f"), tar().link("l", path));
        assertRefused("leads out of the root", tar().file(path + "/.wh.x"));
    }

    @Test
    void symbolicLinksOfParentsAreFollowedInsideTheRoot() throws Exception {
        MemoryTarget target = apply(
                tar().directory("usr/lib")
                        .symlink("lib", "usr/lib")
                        .symlink("abs", "/usr")
                        .symlink("up", "../../usr"),
                tar().file("lib/one", "1").file("abs/lib/two", "2").file("up/lib/three", "3"));
        assertEquals("1", new String(target.at("/usr/lib/one").content, java.nio.charset.StandardCharsets.US_ASCII));
        assertEquals(3, target.at("/usr/lib").children.size());
    }

    @Test
    void aSymbolicLinkToNothingAsParentMakesItsTarget() throws Exception {
        MemoryTarget target = apply(tar().symlink("run", "var/run"), tar().file("run/pid", "1"));
        assertEquals(
                "/run symlink 755 var/run\n/var directory 755\n/var/run directory 755\n/var/run/pid file 755 1\n",
                target.listing());
    }

    @Test
    void anEntryDoesNotFollowASymbolicLinkOfItsOwnName() throws Exception {
        MemoryTarget target = apply(tar().file("secret", "x").symlink("link", "secret"), tar().file("link", "y"));
        assertEquals("/link file 755 y\n/secret file 755 x\n", target.listing());
    }

    @Test
    void loopsOfSymbolicLinksAreRefused() {
        assertRefused("symbolic links", tar().symlink("a", "b").symlink("b", "a"), tar().file("a/f"));
        assertRefused("symbolic links", tar().symlink("s", "s/x"), tar().file("s/f"));
        assertRefused("symbolic links", tar().symlink("s", "s/s/s/s/s/s/s/s"), tar().file("s/f"));
    }

    @Test
    void impossibleEntriesAreRefused() {
        assertRefused("not a directory", tar().file("f"), tar().file("f/x"));
        assertRefused("not there", tar().link("l", "missing"));
        assertRefused("not there", tar().file("f").link("f", "f"));
        assertRefused("is a directory", tar().directory("d").link("l", "d"));
        assertRefused("not there", tar().link("l", "/"));
        assertRefused("not there", tar().directory("d").file("d/f").link("d", "d/f"));
        assertRefused("link to nothing", tar().symlink("l", ""));
        assertRefused("only be a directory", tar().file("/"));
        assertRefused("no name", tar().file("d/.wh."));
        assertRefused("no name", tar().file("d/.wh.."));
        assertRefused("no name", tar().file("d/.wh..."));
        assertRefused("name too long", tar().pax("path=" + "n".repeat(256)).file("x"));
        assertRefused(
                "4095 are the limit", tar().pax("path=" + "n/".repeat(2048)).file("x"));
    }

    @Test
    void recordsOfAufsAreSkipped() throws Exception {
        assertEquals(
                "/f file 755\n",
                apply(tar().file("f").directory(".wh..wh.plnk").file(".wh..wh.aufs"))
                        .listing());
    }

    @Test
    void limitsHoldOverAllLayers() throws Exception {
        var entries = new LayerApplier<>(new MemoryTarget(), new LayerLimits(3, 1 << 20));
        entries.apply("one", new ByteArrayInputStream(tar().file("a").file("b").bytes()));
        assertThrows(
                LayerException.class,
                () -> entries.apply(
                        "two",
                        new ByteArrayInputStream(tar().file("c").file("d").bytes())));
        var bytes = new LayerApplier<>(new MemoryTarget(), new LayerLimits(100, 8192));
        bytes.apply(
                "one",
                new ByteArrayInputStream(tar().file("a", "x".repeat(3000)).bytes()));
        LayerException refused = assertThrows(
                LayerException.class,
                () -> bytes.apply(
                        "two",
                        new ByteArrayInputStream(
                                tar().file("b", "x".repeat(5000)).bytes())));
        assertTrue(String.valueOf(refused.getMessage()).contains("more than 8192 bytes"), refused.getMessage());
    }

    @Test
    void anEntryClaimingTerabytesIsRefusedBeforeItIsRead() {
        TestTar tar = tar();
        byte[] header = tar.header('0', "huge", "", 0);
        System.arraycopy(TestTar.bytes("77777777777"), 0, header, 124, 11);
        var applier = new LayerApplier<>(new MemoryTarget(), new LayerLimits(10, 1 << 30));
        assertThrows(
                LayerException.class,
                () -> applier.apply(
                        "l",
                        new ByteArrayInputStream(tar.raw(TestTar.sum(header)).bytes())));
    }

    @Test
    void anInterruptEndsIt() {
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> apply(tar().file("a")));
    }

    @Test
    void chainsOfOpaqueDirectoriesTakeLinearTime() throws Exception {
        TestTar lower = tar();
        TestTar upper = tar();
        for (int depth = 45; depth > 0; depth--) {
            lower.file("d/".repeat(depth) + "f");
            upper.file("d/".repeat(depth) + ".wh..wh..opq");
        }
        for (int i = 0; i < 20_000; i++) {
            upper.file("d/n" + i);
            upper.file("d/.wh..wh..opq");
        }
        assertEquals(20_000, apply(lower, upper).at("/d").children.size());
    }

    /** Whatever bytes a layer has, it is applied or refused; nothing else happens. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void damagedLayersAreAppliedOrRefused(long seed) throws Exception {
        Random random = new Random(seed);
        byte[] good = tar().directory("a")
                .pax("path=a/long", "mtime=1.5", "SCHILY.xattr.user.x=y")
                .file("b", "content")
                .symlink("s", "a")
                .link("h", "a/long")
                .device('3', "null", 1, 3)
                .file("a/.wh..wh..opq")
                .bytes();
        int refused = 0;
        for (int i = 0; i < 3000; i++) {
            byte[] bad = good.clone();
            for (int j = random.nextInt(4); j >= 0; j--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
            }
            if (random.nextBoolean()) {
                for (int at = 0; at + 512 <= bad.length; at += 512) {
                    if (bad[at + 257] == 'u') {
                        TestTar.sum(java.util.Arrays.copyOfRange(bad, at, at + 512));
                        byte[] header = TestTar.sum(java.util.Arrays.copyOfRange(bad, at, at + 512));
                        System.arraycopy(header, 0, bad, at, 512);
                    }
                }
            }
            try {
                new LayerApplier<>(new MemoryTarget(), LIMITS).apply("bad", new ByteArrayInputStream(bad));
            } catch (LayerException e) {
                refused++;
            }
        }
        assertTrue(refused > 500, refused + " refused");
    }
}
