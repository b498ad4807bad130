package io.caisson.image.library;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.image.api.Descriptor;
import io.caisson.image.api.Digest;
import io.caisson.image.api.ImageConfig;
import io.caisson.service.api.Platform;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDocumentsTest {
    private static final String HEX = "0123456789abcdef".repeat(4);
    private static final String MANIFEST = """
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
             "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:HEX","size":7},
             "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:HEX","size":9,
                        "urls":["x"],"annotations":{"k":"v"},"new":[1]}],
             "subject":null,"annotations":{"a":"b"}}
            """.replace("HEX", HEX);

    @Test
    void readsAManifestAndPassesOverWhatItDoesNotKnow() throws Exception {
        ImageManifest manifest = manifest(MANIFEST);
        assertEquals(7, manifest.config().size());
        assertEquals(
                List.of(new Descriptor(
                        "application/vnd.oci.image.layer.v1.tar+gzip",
                        Digest.parse("sha256:" + HEX),
                        9,
                        Map.of("k", "v"))),
                manifest.layers());
        assertEquals(2, manifest.content().size());
    }

    @Test
    void readsNullForNoLayersAsGoWritesIt() throws Exception {
        int begin = MANIFEST.indexOf("\"layers\":");
        int end = MANIFEST.indexOf("\"subject\"");
        String none = MANIFEST.substring(0, begin) + "\"layers\":null," + MANIFEST.substring(end);
        assertEquals(List.of(), manifest(none).layers());
    }

    @Test
    void readsAnIndex() throws Exception {
        String entry = "{\"mediaType\":\"" + MediaTypes.MANIFEST + "\",\"digest\":\"sha256:" + HEX + "\",\"size\":1";
        ImageIndex index = ImageIndex.read(bytes(
                "{\"schemaVersion\":2,\"manifests\":[" + entry + ",\"platform\":{\"architecture\":\"arm64\",\"os\":"
                        + "\"linux\",\"variant\":\"v8\",\"os.version\":\"1\"}}," + entry + "}]}"));
        assertEquals(
                Optional.of(Platform.linux("arm64")), index.entries().get(0).platform());
        assertEquals(Optional.empty(), index.entries().get(1).platform());
    }

    @Test
    void readsTheEmptyConfiguration() throws Exception {
        ImageConfiguration configuration = configuration("{\"os\":\"linux\",\"architecture\":\"amd64\"}");
        assertEquals(ImageConfig.builder().build(), configuration.config());
        assertEquals(Optional.empty(), configuration.createdAt());
        assertEquals(0, configuration.layers());
    }

    @Test
    void readsConfigurationsAsGoWritesThem() throws Exception {
        ImageConfiguration configuration = configuration("""
                {"os":"linux","architecture":"arm","variant":"v7","created":"2024-02-30T00:00:00Z","history":[{}],
                 "container_config":{"Memory":18446744073709551615},
                 "config":{"Cmd":null,"Entrypoint":null,"Env":null,"Labels":null,"User":"","WorkingDir":"",
                           "StopSignal":"","Volumes":{"/data":{}},"ExposedPorts":{"80/tcp":{}}},
                 "rootfs":{"type":"layers","diff_ids":null}}
                """);
        assertEquals(ImageConfig.builder().build(), configuration.config());
        assertEquals("linux/arm/v7", configuration.platform().toString());
        assertEquals(Optional.empty(), configuration.createdAt(), "30 February");
        assertEquals(
                Optional.of(Instant.parse("2024-02-01T09:00:00.123456789Z")),
                configuration(
                                "{\"os\":\"linux\",\"architecture\":\"x\",\"created\":\"2024-02-01T10:00:00.123456789+01:00\"}")
                        .createdAt());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"os\":\"linux\"}",
                "{\"os\":\"linux\",\"architecture\":\"../x\"}",
                "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":[]}",
                "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"Cmd\":\"sh\"}}",
                "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"Cmd\":[\"a\\u0000b\"]}}",
                "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"Env\":[\"NOVALUE\"]}}",
                "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"Env\":[\"=x\"]}}",
                "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"WorkingDir\":\"/a\\u0000\"}}",
                "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"Labels\":{\"a\":1}}}",
                "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[1]}}"
            })
    void refusesTheConfiguration(String text) {
        ImageFormatException e = assertThrows(ImageFormatException.class, () -> configuration(text));
        assertTrue(String.valueOf(e.getMessage()).startsWith("image configuration sha256:"), e::getMessage);
    }

    @Test
    void neverShowsControlCharactersOrLongTextOfADocument() {
        String hostile = "\\u001b]0;x\\u0007" + "y".repeat(10_000);
        for (String bad : List.of(
                MANIFEST.replace(MediaTypes.MANIFEST, hostile),
                MANIFEST.replace("sha256:" + HEX, hostile),
                MANIFEST.replace("sha256:" + HEX, "sha256:" + hostile))) {
            String message = String.valueOf(assertThrows(ImageFormatException.class, () -> manifest(bad))
                    .getMessage());
            assertTrue(message.chars().noneMatch(Character::isISOControl), message);
            assertTrue(message.length() < 500, message);
        }
    }

    @Test
    void answersEveryMutationWithADocumentOrItsOwnException() {
        byte[] good = bytes(MANIFEST);
        var random = new Random(1);
        int read = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] mutant = Arrays.copyOf(good, random.nextInt(10) == 0 ? random.nextInt(good.length) : good.length);
            for (int k = random.nextInt(3); k >= 0 && mutant.length > 0; k--) {
                mutant[random.nextInt(mutant.length)] = (byte) random.nextInt(256);
            }
            try {
                ImageManifest.read(self(MediaTypes.MANIFEST, mutant), mutant);
                read++;
            } catch (ImageFormatException e) {
                assertTrue(String.valueOf(e.getMessage()).startsWith("image manifest sha256:"), e::getMessage);
            }
        }
        assertTrue(read > 0);
    }

    private static ImageManifest manifest(String text) throws ImageFormatException {
        byte[] bytes = bytes(text);
        return ImageManifest.read(self(MediaTypes.MANIFEST, bytes), bytes);
    }

    private static ImageConfiguration configuration(String text) throws ImageFormatException {
        byte[] bytes = bytes(text);
        return ImageConfiguration.read(self(MediaTypes.CONFIG, bytes), bytes);
    }

    private static Descriptor self(String mediaType, byte[] bytes) {
        return new Descriptor(mediaType, new Digest("sha256", HEX), bytes.length);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
