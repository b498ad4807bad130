package io.caisson.image.gogo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.image.api.ContentStore;
import io.caisson.image.api.Descriptor;
import io.caisson.image.api.Digest;
import io.caisson.image.api.Image;
import io.caisson.image.api.ImageConfig;
import io.caisson.image.api.ImageRecord;
import io.caisson.image.api.ImageReference;
import io.caisson.image.api.ImageService;
import io.caisson.image.api.ImageStore;
import io.caisson.service.api.Availability;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.Platform;
import io.caisson.service.api.ProgressListener;
import io.caisson.shell.library.Listing;
import io.caisson.shell.library.PartialFailure;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ImageCommandsTest {
    private static final Descriptor MANIFEST = new Descriptor(
            "application/vnd.oci.image.manifest.v1+json", Digest.parse("sha256:" + "ab".repeat(32)), 500);

    private final FakeStore store = new FakeStore();
    private final ImageCommands commands = new ImageCommands(store, store);

    @Test
    void listsATable() {
        Listing listing = (Listing) commands.list(line());
        List<String> lines = listing.render(500).lines().toList();
        assertTrue(lines.getFirst().matches("NAME +DIGEST +PLATFORMS +CREATED +SIZE"), lines.getFirst());
        assertTrue(
                lines.get(1).matches("busybox:latest +sha256:(ab){32} +linux/amd64 linux/arm64 .* ago +1\\.9 MiB"),
                lines.get(1));
        assertEquals(2, lines.size());
    }

    @Test
    void listsNamesOnlyWhenQuiet() {
        assertEquals("busybox:latest", ((Listing) commands.list(line("-q"))).render(80));
    }

    @Test
    void listsJson() {
        String json =
                ((Listing) commands.list(line("--format", "json"))).render(80).replaceAll("\\s", "");
        assertEquals(
                "[{\"name\":\"busybox:latest\",\"digest\":\"" + MANIFEST.digest()
                        + "\",\"platforms\":[\"linux/amd64\",\"linux/arm64\"],"
                        + "\"created\":\"2026-01-01T00:00:00Z\",\"size\":2000000}]",
                json);
    }

    @Test
    void loadPrintsANameALineInTheOrderOfTheFiles() throws Exception {
        assertEquals("a.tar:latest\nb:latest", commands.load(line("a.tar", "b")));
        CaissonException e = assertThrows(CaissonException.class, () -> commands.load(line()));
        assertEquals(ErrorKind.INVALID_ARGUMENT, e.kind());
    }

    @Test
    void removesByWhateverNamePeopleType() {
        assertEquals("busybox:latest", commands.remove(line("docker.io/library/busybox")));
        assertEquals(List.of(ImageReference.parse("busybox")), store.removed);
    }

    @Test
    void goesOnAfterAFailureAndTellsWhatItDid() {
        PartialFailure removal =
                assertThrows(PartialFailure.class, () -> commands.remove(line("a", "nosuch", "BAD!!!", "b")));
        assertEquals("a:latest\nb:latest", removal.done());
        assertEquals(2, removal.failures().size());
        assertEquals("no nosuch:latest", removal.failures().getFirst().getMessage());
        assertEquals(List.of(ImageReference.parse("a"), ImageReference.parse("b")), store.removed);

        PartialFailure load = assertThrows(PartialFailure.class, () -> commands.load(line("nosuch", "b")));
        assertEquals("b:latest", load.done());
        assertEquals("no nosuch:latest", load.failures().getFirst().getMessage());
    }

    @Test
    void quietAndJsonAreAMisuse() {
        CaissonException e =
                assertThrows(CaissonException.class, () -> commands.list(line("--quiet", "--format", "json")));
        assertEquals(ErrorKind.INVALID_ARGUMENT, e.kind());
    }

    @Test
    void inspectPrintsHowTheImageRuns() {
        String json = commands.inspect(line("--platform", "arm64", "busybox"))
                .toString()
                .replaceAll("\\s", "");
        for (String part : List.of(
                "\"name\":\"docker.io/library/busybox:latest\"",
                "\"platform\":\"linux/arm64\"",
                "\"command\":[\"sh\"]",
                "\"stopSignal\":null",
                "\"layers\":[{\"digest\":\"" + MANIFEST.digest() + "\"")) {
            assertTrue(json.contains(part), json);
        }
    }

    @Test
    void everyCommandExplainsItself() throws Exception {
        for (Object help : Stream.of(
                        commands.list(line("--help")),
                        commands.load(line("--help")),
                        commands.remove(line("--help")),
                        commands.inspect(line("--help")))
                .toList()) {
            assertTrue(help.toString().startsWith("Usage: caisson image "), help.toString());
        }
    }

    private static String[] line(String... words) {
        return words;
    }

    private static final class FakeStore implements ImageStore, ImageService {
        private final List<ImageReference> removed = new ArrayList<>();

        @Override
        public Availability availability() {
            return Availability.yes();
        }

        @Override
        public Image image(ImageReference reference, Platform platform) {
            return new Image(
                    reference,
                    MANIFEST,
                    platform,
                    ImageConfig.builder().command(List.of("sh")).build(),
                    List.of(MANIFEST));
        }

        @Override
        public Image image(ImageReference reference, Platform platform, ProgressListener progress) {
            return image(reference, platform);
        }

        @Override
        public List<ImageReference> load(Path source, ProgressListener progress) {
            return List.of(found(ImageReference.parse(source.toString())));
        }

        @Override
        public List<ImageRecord> list() {
            return List.of(new ImageRecord(
                    ImageReference.parse("busybox"),
                    MANIFEST,
                    List.of(Platform.linux("amd64"), Platform.linux("arm64")),
                    2_000_000,
                    Optional.of(Instant.parse("2026-01-01T00:00:00Z"))));
        }

        @Override
        public Optional<Descriptor> resolve(ImageReference reference) {
            return Optional.empty();
        }

        @Override
        public void tag(ImageReference reference, Descriptor target) {
            throw new AssertionError("no command tags");
        }

        @Override
        public void remove(ImageReference reference) {
            removed.add(found(reference));
        }

        private static ImageReference found(ImageReference reference) {
            if (reference.familiar().startsWith("nosuch")) {
                throw new CaissonException(ErrorKind.NOT_FOUND, "no " + reference.familiar());
            }
            return reference;
        }

        @Override
        public ContentStore content() {
            throw new AssertionError("no command reads content");
        }
    }
}
