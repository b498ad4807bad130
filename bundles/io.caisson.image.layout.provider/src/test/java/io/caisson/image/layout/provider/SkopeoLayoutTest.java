package io.caisson.image.layout.provider;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.image.api.Descriptor;
import io.caisson.image.api.ImageReference;
import io.caisson.image.testkit.SampleImage;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.Platform;
import io.caisson.service.api.ProgressListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layouts that skopeo wrote, in all its forms. */
class SkopeoLayoutTest {
    private static final SampleImage AMD64 = SampleImage.of(Platform.linux("amd64"), "one", "two");
    private static final SampleImage BOTH =
            SampleImage.index(AMD64, SampleImage.of(Platform.linux("arm64"), "one", "three"));

    @TempDir
    private Path temporary;

    private LayoutArchive archive;
    private final MemoryStore store = new MemoryStore();

    @BeforeEach
    void writeSamples() throws IOException {
        archive = new LayoutArchive(temporary.resolve("home"));
        write(AMD64, "single");
        write(BOTH, "both");
    }

    private void write(SampleImage image, String name) throws IOException {
        SampleImage.writeLayout(
                temporary.resolve(name), Map.of(image, Map.of("org.opencontainers.image.ref.name", "source")));
    }

    @Test
    void loadsWhatSkopeoCopiedToALayout() throws Exception {
        copy("oci:" + temporary.resolve("single") + ":source", "oci:" + temporary.resolve("copy") + ":v1");
        assertEquals(List.of(ImageReference.parse("localhost/copy:v1")), load("copy"));
        assertHolds(AMD64, "localhost/copy:v1");
    }

    @Test
    void loadsSeveralImagesThatSkopeoPutIntoOneLayout() throws Exception {
        String target = "oci:" + temporary.resolve("copy") + ":";
        copy("oci:" + temporary.resolve("single") + ":source", target + "docker.io/library/one:1");
        copy("--all", "oci:" + temporary.resolve("both") + ":source", target + "localhost:5000/two:2");
        assertEquals(
                List.of(ImageReference.parse("one:1"), ImageReference.parse("localhost:5000/two:2")), load("copy"));
        assertHolds(AMD64, "one:1");
        assertHolds(BOTH, "localhost:5000/two:2");
    }

    @Test
    void loadsWhatSkopeoCopiedToAnArchive() throws Exception {
        copy(
                "oci:" + temporary.resolve("single") + ":source",
                "oci-archive:" + temporary.resolve("a.tar") + ":quay.io/x/y:z");
        assertEquals(List.of(ImageReference.parse("quay.io/x/y:z")), load("a.tar"));
        assertHolds(AMD64, "quay.io/x/y:z");
    }

    @Test
    void keepsAllPlatformsOfAnArchive() throws Exception {
        copy("--all", "oci:" + temporary.resolve("both") + ":source", "oci-archive:" + temporary.resolve("b.tar"));
        String name = "localhost/b:" + BOTH.root().digest().hex().substring(0, 12);
        assertEquals(List.of(ImageReference.parse(name)), load("b.tar"));
        assertHolds(BOTH, name);
    }

    @Test
    void skopeoFindsWhatWasLoadedToBeTheSame() throws Exception {
        load("both");
        Descriptor root = store.references.values().iterator().next();
        String raw = skopeo("inspect", "--raw", "oci:" + temporary.resolve("both") + ":source");
        assertArrayEquals(store.blobs.get(root.digest()), raw.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void saysHowToMakeALayoutOfADockerArchive() throws Exception {
        // Skopeo converts the layers, so they must be archives.
        Files.createDirectory(temporary.resolve("empty"));
        Command.output(
                "tar",
                "-C",
                temporary.toString(),
                "-cf",
                temporary.resolve("layer.tar").toString(),
                "empty");
        SampleImage real = SampleImage.of(
                Platform.linux("amd64"), Files.readString(temporary.resolve("layer.tar"), StandardCharsets.UTF_8));
        write(real, "real");
        skopeo(
                "copy",
                "oci:" + temporary.resolve("real") + ":source",
                "docker-archive:" + temporary.resolve("docker.tar") + ":app:1");
        CaissonException e = assertThrows(CaissonException.class, () -> load("docker.tar"));
        assertTrue(e.getMessage().contains("skopeo copy docker-archive:"), e.getMessage());
    }

    private List<ImageReference> load(String name) throws InterruptedException {
        Path source = temporary.resolve(name);
        assertTrue(archive.recognises(source));
        return archive.load(source, store, ProgressListener.NONE);
    }

    private void assertHolds(SampleImage image, String name) {
        Descriptor target = store.references.get(ImageReference.parse(name));
        assertEquals(image.root().digest(), target == null ? null : target.digest());
        for (Descriptor blob : image.blobs()) {
            assertArrayEquals(image.content(blob), store.blobs.get(blob.digest()));
        }
    }

    private static void copy(String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of("copy", "--preserve-digests"));
        command.addAll(List.of(arguments));
        skopeo(command.toArray(String[]::new));
    }

    private static String skopeo(String... arguments) throws IOException, InterruptedException {
        String[] command = new String[arguments.length + 2];
        command[0] = "skopeo";
        // The policy file is the administrator's; a test does not need one.
        command[1] = "--insecure-policy";
        System.arraycopy(arguments, 0, command, 2, arguments.length);
        return Command.output(command);
    }
}
