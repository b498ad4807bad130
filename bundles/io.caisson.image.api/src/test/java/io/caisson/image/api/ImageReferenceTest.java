package io.caisson.image.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageReferenceTest {
    private static final String HEX = "0123456789abcdef".repeat(4);

    @ParameterizedTest
    @CsvSource({
        "busybox, docker.io/library/busybox:latest, busybox:latest",
        "busybox:1.36, docker.io/library/busybox:1.36, busybox:1.36",
        "team/app, docker.io/team/app:latest, team/app:latest",
        "docker.io/busybox, docker.io/library/busybox:latest, busybox:latest",
        "index.docker.io/team/app:x, docker.io/team/app:x, team/app:x",
        "library/busybox, docker.io/library/busybox:latest, busybox:latest",
        "library/a/b, docker.io/library/a/b:latest, library/a/b:latest",
        "docker.io/quay.io/app, docker.io/quay.io/app:latest, docker.io/quay.io/app:latest",
        "quay.io/a/b/c, quay.io/a/b/c:latest, quay.io/a/b/c:latest",
        "localhost:5000, docker.io/library/localhost:5000, localhost:5000",
        "localhost/app, localhost/app:latest, localhost/app:latest",
        "localhost:5000/team/app:1.2, localhost:5000/team/app:1.2, localhost:5000/team/app:1.2",
        "127.0.0.1:5000/app, 127.0.0.1:5000/app:latest, 127.0.0.1:5000/app:latest",
        "[::1]:5000/app:t, [::1]:5000/app:t, [::1]:5000/app:t",
        "[2001:db8::ff]/app, [2001:db8::ff]/app:latest, [2001:db8::ff]/app:latest",
        "MyHost/app, MyHost/app:latest, MyHost/app:latest",
        "my-host.example:65535/a__b/c---d.e_f:V1._-x, my-host.example:65535/a__b/c---d.e_f:V1._-x,"
                + " my-host.example:65535/a__b/c---d.e_f:V1._-x"
    })
    void normalisesAsDockerDoes(String text, String whole, String familiar) {
        ImageReference reference = ImageReference.parse(text);
        assertEquals(whole, reference.toString());
        assertEquals(familiar, reference.familiar());
        assertEquals(reference, ImageReference.parse(whole));
        assertEquals(reference, ImageReference.parse(familiar));
    }

    @Test
    void readsDigestsAndTagsTogether() {
        ImageReference digest = ImageReference.parse("busybox@sha256:" + HEX);
        assertEquals(Optional.empty(), digest.tag());
        assertEquals(Optional.of(new Digest("sha256", HEX)), digest.digest());
        assertEquals("docker.io/library/busybox@sha256:" + HEX, digest.toString());
        ImageReference both = ImageReference.parse("[::1]:5000/a:1@sha512:" + HEX + HEX);
        assertEquals(Optional.of("1"), both.tag());
        assertEquals("sha512", both.digest().orElseThrow().algorithm());
        assertEquals(both, ImageReference.parse(both.familiar()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                ":",
                "/",
                "@",
                "busybox:",
                ":latest",
                "BusyBox",
                "busybox:-x",
                "busybox:.x",
                "a:b:c",
                "a b",
                "a/",
                "/a",
                "a//b",
                "a/-b",
                "a-/b",
                "a._b",
                "a..b",
                "a___b",
                "-a",
                "a_",
                "http://docker.io/a",
                "a:b/c",
                "host:/a",
                "host:0/a",
                "host:65536/a",
                "host:123456/a",
                "host:5x/a",
                "-host.x/a",
                "host-.x/a",
                "a..b/c/d",
                "[::1/a",
                "[::1]x/a",
                "[]/a",
                "[1]/a",
                "[::g]/a",
                "[1:2:3:4:5:6:7:8:9]/a",
                ".x/a",
                "x./a",
                "busybox@",
                "busybox@sha256",
                "busybox@sha256:",
                "busybox@sha256:xyz",
                "@sha256:aa",
                "a@sha256:aa@sha256:bb",
                "busybox\n",
                "busybox\0",
                "büsybox",
                "ａ",
                "../etc/passwd",
                "a/../b",
                "a/./b"
            })
    void refusesWhatIsNoReference(String text) {
        CaissonException e = assertThrows(CaissonException.class, () -> ImageReference.parse(text));
        assertEquals(ErrorKind.INVALID_ARGUMENT, e.kind());
    }

    @Test
    void refusesDigestsOfOtherAlgorithms() {
        CaissonException e = assertThrows(CaissonException.class, () -> ImageReference.parse("a@md5:" + HEX));
        assertEquals(ErrorKind.UNSUPPORTED, e.kind());
    }

    @Test
    void boundsEveryPart() {
        assertEquals(
                "a".repeat(247),
                ImageReference.parse("a".repeat(247)).familiar().replace(":latest", ""));
        for (String text : List.of("a".repeat(300), "a:" + "t".repeat(129), "h".repeat(256) + ".x/a")) {
            assertThrows(CaissonException.class, () -> ImageReference.parse(text));
        }
        assertEquals(
                128,
                ImageReference.parse("a:" + "t".repeat(128)).tag().orElseThrow().length());
    }

    @Test
    void answersHostileTextFastAndWithAShortMessageATerminalDoesNotObey() {
        for (String piece : List.of("a-", "a.", "a/", "a:", "[:", "@", "-", "a_", "\u001b[2J")) {
            String text = piece.repeat(1_000_000);
            CaissonException e = assertTimeoutPreemptively(
                    Duration.ofSeconds(5),
                    () -> assertThrows(CaissonException.class, () -> ImageReference.parse(text)));
            assertTrue(e.getMessage().length() < 500, e.getMessage());
            assertFalse(e.getMessage().contains("\u001b"));
        }
    }

    @Test
    void agreesWithTheSpecificationsExpressions() {
        Pattern repository =
                Pattern.compile("[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*");
        Pattern tag = Pattern.compile("[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}");
        var random = new Random(7);
        int accepted = 0;
        for (int i = 0; i < 200_000; i++) {
            var text = new StringBuilder();
            for (int k = random.nextInt(9); k >= 0; k--) {
                text.append("aaaa0A._-/".charAt(random.nextInt(10)));
            }
            String candidate = text.toString();
            boolean expected = repository.matcher(candidate).matches();
            assertEquals(expected, ReferenceGrammar.isRepository(candidate), candidate);
            assertEquals(tag.matcher(candidate).matches(), ReferenceGrammar.isTag(candidate), candidate);
            accepted += expected ? 1 : 0;
        }
        assertTrue(accepted > 10_000, "random texts reach both answers: " + accepted);
    }

    @Test
    void isCanonicalHoweverItIsMade() {
        var made = new ImageReference("index.docker.io", "busybox", Optional.of("latest"), Optional.empty());
        assertEquals(ImageReference.parse("busybox"), made);
        assertThrows(
                CaissonException.class,
                () -> new ImageReference("docker.io", "library/a", Optional.empty(), Optional.empty()));
        assertThrows(
                CaissonException.class,
                () -> new ImageReference("docker.io/x", "library/a", Optional.of("t"), Optional.empty()));
    }
}
