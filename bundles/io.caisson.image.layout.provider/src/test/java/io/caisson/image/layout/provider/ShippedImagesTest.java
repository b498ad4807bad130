package io.caisson.image.layout.provider;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.image.api.Descriptor;
import io.caisson.image.api.ImageReference;
import io.caisson.image.testkit.SampleImage;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.Platform;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShippedImagesTest {
    private static final SampleImage SAMPLE = SampleImage.of(Platform.linux("amd64"), "layer");

    @TempDir
    private Path temporary;

    @Test
    void findsAnImageByItsWholeNameOrItsDigest() throws Exception {
        SAMPLE.writeLayout(temporary.resolve("busybox"), "docker.io/library/busybox:latest");
        var images = new ShippedImages(temporary.toString());
        assertTrue(images.availability().available());
        for (String name : new String[] {
            "busybox",
            "busybox@" + SAMPLE.root().digest(),
            "busybox:1@" + SAMPLE.root().digest()
        }) {
            ImageReference reference = ImageReference.parse(name);
            assertEquals(
                    SAMPLE.root().digest(),
                    images.resolve(reference).orElseThrow().digest());
            for (Descriptor blob : SAMPLE.blobs()) {
                try (InputStream in = images.open(reference, blob)) {
                    assertArrayEquals(SAMPLE.content(blob), in.readAllBytes());
                }
            }
        }
        for (String name : new String[] {
            "busybox:1",
            "other",
            "quay.io/library/busybox",
            "other@" + SAMPLE.root().digest()
        }) {
            assertEquals(Optional.empty(), images.resolve(ImageReference.parse(name)), name);
        }
        assertThrows(CaissonException.class, () -> images.open(ImageReference.parse("other"), SAMPLE.root()));
    }

    @Test
    void looksIntoEveryLayoutAndPassesOverAllElse() throws Exception {
        Files.writeString(temporary.resolve("README"), "");
        Files.createDirectory(temporary.resolve("no-layout"));
        SampleImage.writeLayout(
                temporary.resolve("a"), Map.of(SAMPLE, Map.of("org.opencontainers.image.ref.name", "only-a-tag")));
        SampleImage other = SampleImage.of(Platform.linux("amd64"), "other");
        other.writeLayout(temporary.resolve("b"), "other");
        assertEquals(List.of(ImageReference.parse("other")), new ShippedImages(temporary.toString()).names());
        assertEquals(
                other.root().digest(),
                new ShippedImages(temporary.toString())
                        .resolve(ImageReference.parse("other"))
                        .orElseThrow()
                        .digest());
    }

    @Test
    void saysWhichImageIsDamaged() throws Exception {
        SAMPLE.writeLayout(temporary.resolve("a"), "sample");
        ImageReference reference = ImageReference.parse("sample");
        var images = new ShippedImages(temporary.toString());
        Files.delete(
                temporary.resolve("a/blobs/sha256/" + SAMPLE.root().digest().hex()));
        CaissonException missing = assertThrows(CaissonException.class, () -> images.open(reference, SAMPLE.root()));
        assertEquals(ErrorKind.CORRUPT, missing.kind());
        assertTrue(missing.getMessage().contains(temporary.resolve("a").toString()), missing.getMessage());
        Files.writeString(temporary.resolve("a/index.json"), "{");
        assertEquals(
                ErrorKind.CORRUPT,
                assertThrows(CaissonException.class, () -> images.resolve(reference))
                        .kind());
    }

    @Test
    void isUnavailableWithoutADirectory() {
        for (String directory : new String[] {null, temporary.resolve("gone").toString()}) {
            var images = new ShippedImages(directory);
            assertFalse(images.availability().available());
            assertEquals(Optional.empty(), images.resolve(ImageReference.parse("busybox")));
        }
    }
}
