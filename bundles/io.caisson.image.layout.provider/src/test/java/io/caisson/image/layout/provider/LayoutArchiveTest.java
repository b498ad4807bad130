package io.caisson.image.layout.provider;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.image.api.Descriptor;
import io.caisson.image.api.ImageReference;
import io.caisson.image.library.MediaTypes;
import io.caisson.image.testkit.SampleImage;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.Platform;
import io.caisson.service.api.ProgressListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayoutArchiveTest {
    private static final SampleImage AMD64 = SampleImage.of(Platform.linux("amd64"), "lower", "upper");
    private static final SampleImage ARM64 = SampleImage.of(Platform.linux("arm64"), "lower", "arm");

    @TempDir
    private Path temporary;

    private Path layout;
    private Path home;
    private LayoutArchive archive;
    private final MemoryStore store = new MemoryStore();

    @BeforeEach
    void makePaths() {
        layout = temporary.resolve("My App_1");
        home = temporary.resolve("home");
        archive = new LayoutArchive(home);
    }

    @Test
    void loadsADirectoryAndItsArchivesAlike() throws Exception {
        SampleImage index = SampleImage.index(AMD64, ARM64);
        index.writeLayout(layout, "registry.example:5000/team/app:1.2");
        for (Path source : List.of(layout, tar("plain.tar", "-cf"), tar("zipped.tar.gz", "-czf"))) {
            var fresh = new MemoryStore();
            assertTrue(archive.recognises(source), source.toString());
            assertEquals(
                    List.of(ImageReference.parse("registry.example:5000/team/app:1.2")),
                    archive.load(source, fresh, ProgressListener.NONE));
            assertEquals(
                    index.root().digest(),
                    fresh.references.values().iterator().next().digest());
            assertEquals(index.blobs().size(), fresh.blobs.size());
            for (Descriptor blob : index.blobs()) {
                assertArrayEquals(index.content(blob), fresh.blobs.get(blob.digest()));
            }
        }
        // What an archive was decompressed into is gone.
        assertEquals(List.of(), files(home));
    }

    @Test
    void loadsArchivesOfEveryTarFormatInWhateverOrder() throws Exception {
        AMD64.writeLayout(layout, "app");
        for (String format : List.of("ustar", "gnu", "posix")) {
            Path tar = temporary.resolve(format + ".tar");
            Command.output(
                    "tar",
                    "--format=" + format,
                    "-C",
                    layout.toString(),
                    "-cf",
                    tar.toString(),
                    "index.json",
                    "./blobs",
                    "oci-layout");
            assertEquals(
                    List.of(ImageReference.parse("app")), archive.load(tar, new MemoryStore(), ProgressListener.NONE));
        }
    }

    @Test
    void loadsSeveralImagesUnderTheNamesTheyHave() throws Exception {
        SampleImage third = SampleImage.docker(Platform.linux("amd64"), "docker");
        var images = new LinkedHashMap<SampleImage, Map<String, String>>();
        images.put(
                AMD64,
                Map.of("io.containerd.image.name", "docker.io/library/a:1", "org.opencontainers.image.ref.name", "1"));
        images.put(ARM64, Map.of("org.opencontainers.image.ref.name", "quay.io/x/b:2"));
        images.put(third, Map.of("org.opencontainers.image.ref.name", "v3"));
        SampleImage fourth = SampleImage.artifact("carried along");
        images.put(fourth, Map.of());
        SampleImage.writeLayout(layout, images);
        assertEquals(
                List.of(
                        "a:1",
                        "quay.io/x/b:2",
                        "localhost/my-app-1:v3",
                        "localhost/my-app-1:" + fourth.root().digest().hex().substring(0, 12)),
                archive.load(layout, store, ProgressListener.NONE).stream()
                        .map(ImageReference::familiar)
                        .toList());
        assertEquals(
                Map.of("org.opencontainers.image.ref.name", "v3"),
                store.resolve(ImageReference.parse("localhost/my-app-1:v3"))
                        .orElseThrow()
                        .annotations());
    }

    @Test
    void derivesANameFromAnyFileName() throws Exception {
        for (Map.Entry<String, String> entry : Map.of(
                        "busybox.tar.gz",
                        "busybox",
                        "Ünïcode--.x.tgz",
                        "n-code-x",
                        "___",
                        "image",
                        "-a-.tar",
                        "a",
                        "x".repeat(250),
                        "x".repeat(200))
                .entrySet()) {
            var image = new Descriptor(
                    MediaTypes.MANIFEST, AMD64.root().digest(), 1, Map.of("org.opencontainers.image.ref.name", "t"));
            assertEquals(
                    "localhost/" + entry.getValue() + ":t",
                    LayoutNames.of(image, Path.of(entry.getKey())).toString());
        }
    }

    @Test
    void tellsHowFarItIs() throws Exception {
        AMD64.writeLayout(layout, "app");
        var events = new ArrayList<ProgressListener.Progress>();
        archive.load(layout, store, events::add);
        assertEquals(AMD64.size(), events.getLast().done());
        assertEquals(AMD64.size(), events.getLast().total());
    }

    @Test
    void acceptsAnIndexWithImagesLeftOut() throws Exception {
        SampleImage sparse = SampleImage.index(AMD64, ARM64);
        for (Descriptor blob : ARM64.blobs()) {
            if (!AMD64.blobs().contains(blob)) {
                sparse = sparse.without(blob);
            }
        }
        sparse.writeLayout(layout, "app");
        var other = new MemoryStore();
        archive.load(layout, other, ProgressListener.NONE);
        assertEquals(AMD64.blobs().size() + 1, other.blobs.size());

        SampleImage none = SampleImage.index(AMD64);
        for (Descriptor blob : AMD64.blobs()) {
            none = none.without(blob);
        }
        Path empty = temporary.resolve("empty");
        none.writeLayout(empty, "app");
        assertCorrupt(empty, none.root().digest(), "none of the images");
    }

    @Test
    void namesWhatIsMissingOrDamagedAndThenNamesNoImage() throws Exception {
        SampleImage index = SampleImage.index(AMD64, ARM64);
        int k = 0;
        for (Descriptor blob : index.blobs()) {
            boolean manifest = MediaTypes.isManifest(blob.mediaType());
            Path missing = temporary.resolve("missing" + k);
            index.without(blob).writeLayout(missing, "app");
            if (!manifest) {
                assertCorrupt(missing, blob.digest(), "missing");
                assertEquals(Map.of(), store.blobs, "everything is looked through before anything is stored");
            }
            byte[] content = index.content(blob);
            Path cut = temporary.resolve("cut" + k);
            index.damaged(blob, Arrays.copyOf(content, content.length - 1)).writeLayout(cut, "app");
            assertCorrupt(cut, blob.digest(), content.length - 1);
            assertEquals(Map.of(), store.blobs);
            Path flipped = temporary.resolve("flipped" + k++);
            content[0] ^= 1;
            index.damaged(blob, content).writeLayout(flipped, "app");
            assertCorrupt(flipped, blob.digest(), SampleImage.digest(content));
            store.blobs.clear();
        }
    }

    @Test
    void refusesLayoutsThatAreNone() throws Exception {
        AMD64.writeLayout(layout, "app");
        String index = Files.readString(layout.resolve("index.json"));
        replaceAndExpect("oci-layout", "{\"imageLayoutVersion\":\"2.0.0\"}", "'2.0.0' is not supported");
        replaceAndExpect("oci-layout", "{\"imageLayoutVersion\":\"\u001b[2J\"}", "oci-layout: control character");
        replaceAndExpect("oci-layout", "{}", "oci-layout: imageLayoutVersion: missing");
        replaceAndExpect("oci-layout", "", "oci-layout: ends too early");
        replaceAndExpect("index.json", "{\"schemaVersion\":2,\"manifests\":[]}", "index.json: no image in it");
        replaceAndExpect("index.json", "[]", "index.json: no object");
        replaceAndExpect("index.json", index.replace("sha256:", "sha256:../"), "index.json: manifests[0].digest");
        replaceAndExpect("index.json", index.replace("\"app\"", "\"Not A Name\""), "io.containerd.image.name");
        replaceAndExpect("index.json", " ".repeat(5 << 20), "index.json is longer than");
        replaceAndExpect(
                "index.json",
                "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"text/plain\",\"digest\":\""
                        + AMD64.root().digest() + "\",\"size\":3}]}",
                "no image in it");
        SampleImage.writeLayout(
                temporary.resolve("twice"),
                Map.of(
                        AMD64, Map.of("io.containerd.image.name", "same"),
                        ARM64, Map.of("io.containerd.image.name", "same")));
        assertCorrupt(
                temporary.resolve("twice"),
                "docker.io/library/same:latest",
                AMD64.root().digest());
        Files.delete(layout.resolve("index.json"));
        assertCorrupt(layout, "index.json is missing");
    }

    @Test
    void followsSymbolicLinksWithinALayoutOnly() throws Exception {
        AMD64.writeLayout(layout, "app");
        Path layer =
                layout.resolve("blobs/sha256/" + AMD64.blob("layer").digest().hex());
        Path inside = layout.resolve("elsewhere");
        Files.move(layer, inside);
        Files.createSymbolicLink(layer, Path.of("../../elsewhere"));
        archive.load(layout, new MemoryStore(), ProgressListener.NONE);

        Path outside = temporary.resolve("outside");
        Files.move(inside, outside);
        for (Path target : List.of(outside, Path.of("../../../outside"), Path.of("gone"), Path.of("../sha256"))) {
            Files.delete(layer);
            Files.createSymbolicLink(layer, target);
            assertCorrupt(layout, AMD64.blob("layer").digest().hex());
        }
        Files.delete(layer);
        Command.output("mkfifo", layer.toString());
        assertCorrupt(layout, AMD64.blob("layer").digest().hex(), "no regular file");
        Files.delete(layer);
        Files.move(layout.resolve("blobs"), temporary.resolve("blobs"));
        Files.createSymbolicLink(layout.resolve("blobs"), temporary.resolve("blobs"));
        assertCorrupt(layout, "leads out of the layout");
    }

    @Test
    void refusesHostileArchives() throws Exception {
        AMD64.writeLayout(layout, "app");
        Path evil = Files.writeString(temporary.resolve("evil"), "x");
        for (String[] extra : new String[][] {
            {"--transform=s,^evil$,../evil,", "which leads out of it"},
            {"--transform=s,^evil$,blobs/../../evil,", "which leads out of it"},
            {"--transform=s,^evil$,/evil,", "absolute path '/evil'"},
            {"--transform=s,^evil$,./index.json,", "'./index.json' twice"}
        }) {
            Path tar = temporary.resolve("hostile.tar");
            Command.output("tar", "-P", "-cf", tar.toString(), "-C", layout.toString(), ".");
            Command.output(
                    "tar",
                    "-P",
                    "-rf",
                    tar.toString(),
                    extra[0],
                    "-C",
                    temporary.toString(),
                    evil.getFileName().toString());
            assertCorrupt(tar, extra[1]);
        }
        Path layer =
                layout.resolve("blobs/sha256/" + AMD64.blob("layer").digest().hex());
        Files.delete(layer);
        Files.createSymbolicLink(layer, evil);
        assertCorrupt(tar("link.tar", "-cf"), AMD64.blob("layer").digest().hex(), "no regular file");
    }

    @Test
    void refusesDamagedArchivesWhereverTheyAreCut() throws Exception {
        AMD64.writeLayout(layout, "app");
        for (String[] kind : new String[][] {{"whole.tar", "-cf"}, {"whole.tar.gz", "-czf"}}) {
            byte[] whole = Files.readAllBytes(tar(kind[0], kind[1]));
            Path cut = temporary.resolve("cut");
            for (int length = 0; length < whole.length - 10_240; length += 97) {
                Files.write(cut, Arrays.copyOf(whole, length));
                CaissonException e = assertThrows(
                        CaissonException.class, () -> archive.load(cut, store, ProgressListener.NONE), "" + length);
                assertEquals(ErrorKind.CORRUPT, e.kind(), e.getMessage());
            }
        }
        assertEquals(Map.of(), store.references);
    }

    @Test
    void recognisesNothingElse() throws Exception {
        for (String content : List.of("", "x", "x".repeat(1000), "\u001f\u008b\u0008x")) {
            assertFalse(archive.recognises(
                    Files.write(temporary.resolve("f"), content.getBytes(StandardCharsets.ISO_8859_1))));
        }
        assertFalse(archive.recognises(temporary));
        assertFalse(archive.recognises(temporary.resolve("gone")));
        Command.output("mkfifo", temporary.resolve("pipe").toString());
        assertFalse(archive.recognises(temporary.resolve("pipe")));
    }

    @Test
    void saysWhenAFileOrTheHomeCannotBeUsed() throws Exception {
        CaissonException gone = assertThrows(
                CaissonException.class, () -> archive.load(temporary.resolve("gone"), store, ProgressListener.NONE));
        assertEquals(ErrorKind.NOT_FOUND, gone.kind());
        AMD64.writeLayout(layout, "app");
        Files.writeString(home, "no directory");
        Path zipped = tar("zipped.tgz", "-czf");
        CaissonException e =
                assertThrows(CaissonException.class, () -> archive.load(zipped, store, ProgressListener.NONE));
        assertEquals(ErrorKind.UNAVAILABLE, e.kind());
        assertTrue(e.getMessage().contains(home.toString()), e.getMessage());
    }

    private void replaceAndExpect(String file, String content, Object... parts) throws IOException {
        Path path = layout.resolve(file);
        String before = Files.readString(path);
        Files.writeString(path, content);
        assertCorrupt(layout, parts);
        Files.writeString(path, before);
    }

    private void assertCorrupt(Path source, Object... parts) {
        CaissonException e =
                assertThrows(CaissonException.class, () -> archive.load(source, store, ProgressListener.NONE));
        assertEquals(ErrorKind.CORRUPT, e.kind(), e.getMessage());
        for (Object part : parts) {
            assertTrue(e.getMessage().contains(part.toString()), () -> part + " in: " + e.getMessage());
        }
        assertEquals(Map.of(), store.references, "no image is named");
    }

    private Path tar(String name, String create) throws IOException, InterruptedException {
        Path tar = temporary.resolve(name);
        Command.output("tar", create, tar.toString(), "-C", layout.toString(), ".");
        return tar;
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }
}
