package io.caisson.image.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DigestTest {
    private static final String HEX = "0123456789abcdef".repeat(4);

    @Test
    void readsAndWritesBothAlgorithms() {
        assertEquals("sha256:" + HEX, Digest.parse("sha256:" + HEX).toString());
        assertEquals("SHA-256", Digest.parse("sha256:" + HEX).javaAlgorithm());
        assertEquals("SHA-512", Digest.parse("sha512:" + HEX + HEX).javaAlgorithm());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "sha256", ":", ":aa", "sha256:", "sha256:aa", "sha256:../../../../etc/passwd"})
    void refusesWhatIsNoDigest(String text) {
        CaissonException e = assertThrows(CaissonException.class, () -> Digest.parse(text));
        assertEquals(ErrorKind.INVALID_ARGUMENT, e.kind());
    }

    @Test
    void refusesWrongAlphabetAndLength() {
        for (String hex : new String[] {HEX.toUpperCase(java.util.Locale.ROOT), HEX + "0", "/" + HEX.substring(1)}) {
            assertThrows(CaissonException.class, () -> new Digest("sha256", hex));
        }
        assertEquals(
                ErrorKind.UNSUPPORTED,
                assertThrows(CaissonException.class, () -> Digest.parse("sha1:" + HEX))
                        .kind());
    }

    @Test
    void descriptorRefusesANegativeSizeAndCopiesItsAnnotations() {
        var digest = new Digest("sha256", HEX);
        assertThrows(CaissonException.class, () -> new Descriptor("a/b", digest, -1));
        var annotations = new java.util.HashMap<>(Map.of("k", "v"));
        var descriptor = new Descriptor("a/b", digest, 0, annotations);
        annotations.clear();
        assertEquals(Map.of("k", "v"), descriptor.annotations());
    }

    @Test
    void configCountsARelativeWorkingDirectoryFromTheRoot() {
        assertEquals(
                "/app", ImageConfig.builder().workingDirectory("app").build().workingDirectory());
        assertEquals("/", ImageConfig.builder().workingDirectory("").build().workingDirectory());
        assertTrue(ImageConfig.builder().build().stopSignal().isEmpty());
    }
}
