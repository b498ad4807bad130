package io.caisson.image.testkit;

import static io.caisson.image.testkit.Failures.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.image.api.Descriptor;
import io.caisson.image.api.Digest;
import io.caisson.image.api.Image;
import io.caisson.image.api.ImageConfig;
import io.caisson.image.api.ImageRecord;
import io.caisson.image.api.ImageReference;
import io.caisson.image.api.ImageStore;
import io.caisson.image.library.ImageTree;
import io.caisson.image.library.MediaTypes;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.Platform;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every image store does. */
public abstract class ImageStoreContract {
    private static final Platform AMD64 = Platform.linux("amd64");
    private static final Platform ARM64 = Platform.linux("arm64");
    private static final ImageReference NAME = ImageReference.parse("sample");

    /** The home directory of the store under test. */
    @TempDir
    protected Path home;

    private ImageStore store;

    /** For JUnit. */
    protected ImageStoreContract() {}

    /** A store on a home directory; several on one home are asked for. */
    protected abstract ImageStore open(Path directory);

    @BeforeEach
    void openStore() {
        store = open(home.resolve("home"));
    }

    @Test
    void isEmptyAtFirst() {
        assertTrue(store.availability().available());
        assertEquals(List.of(), store.list());
        assertEquals(Optional.empty(), store.resolve(NAME));
        assertFails(ErrorKind.NOT_FOUND, () -> store.image(NAME, AMD64), "sample:latest", "image load");
        assertFails(ErrorKind.NOT_FOUND, () -> store.remove(NAME), "sample:latest");
    }

    @Test
    void keepsBlobs() throws Exception {
        for (int size : new int[] {0, 1, 4096, 3_000_000}) {
            byte[] bytes = bytes(size);
            Descriptor blob = blob(bytes);
            assertFalse(store.content().contains(blob.digest()));
            assertFails(ErrorKind.NOT_FOUND, () -> store.content().size(blob.digest()), blob.digest());
            assertFails(ErrorKind.NOT_FOUND, () -> store.content().open(blob.digest()), blob.digest());
            store.content().ingest(blob, new ByteArrayInputStream(bytes));
            assertTrue(store.content().contains(blob.digest()));
            assertEquals(size, store.content().size(blob.digest()));
            assertArrayEquals(bytes, read(blob.digest()));
        }
    }

    @Test
    void readsTheSameWholeOrInPieces() throws Exception {
        byte[] bytes = bytes(100_000);
        Descriptor blob = ingest(bytes);
        try (InputStream in = store.content().open(blob.digest())) {
            assertEquals(bytes[0] & 0xff, in.read());
            assertEquals(50_000, in.skip(50_000));
            byte[] rest = in.readAllBytes();
            assertEquals(bytes.length - 50_001, rest.length);
            assertEquals(bytes[50_001], rest[0]);
            assertEquals(-1, in.read());
        }
    }

    @Test
    void refusesABlobThatIsNotWhatItsDigestSaysAndTakesTheRightOneAfterwards() throws Exception {
        byte[] right = bytes(200_000);
        Descriptor blob = blob(right);
        byte[] wrong = right.clone();
        wrong[wrong.length - 1]++;
        assertFails(
                ErrorKind.CORRUPT,
                () -> store.content().ingest(blob, new ByteArrayInputStream(wrong)),
                blob.digest(),
                SampleImage.digest(wrong));
        assertFails(
                ErrorKind.CORRUPT,
                () -> store.content().ingest(blob, new ByteArrayInputStream(right, 0, right.length - 1)),
                blob.digest(),
                right.length - 1);
        assertFails(ErrorKind.CORRUPT, () -> store.content().ingest(blob, endless()), blob.digest(), right.length);
        assertFalse(store.content().contains(blob.digest()));
        store.content().ingest(blob, new ByteArrayInputStream(right));
        assertArrayEquals(right, read(blob.digest()));
    }

    @Test
    void leavesNothingWhenTheSourceFails() throws Exception {
        byte[] bytes = bytes(200_000);
        Descriptor blob = blob(bytes);
        var failure = new IOException("cable cut");
        InputStream source =
                new SequenceInputStream(new ByteArrayInputStream(bytes, 0, 150_000), new FailingInputStream(failure));
        assertEquals(
                failure, assertThrows(IOException.class, () -> store.content().ingest(blob, source)));
        assertFalse(store.content().contains(blob.digest()));
    }

    @Test
    void leavesNothingWhenItsCallerIsInterrupted() throws Exception {
        byte[] bytes = bytes(1000);
        Descriptor blob = blob(bytes);
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> store.content().ingest(blob, new ByteArrayInputStream(bytes)));
        assertFalse(Thread.interrupted(), "an InterruptedException takes the flag down");
        assertFalse(store.content().contains(blob.digest()));
    }

    @Test
    void doesNotReadTheSourceOfABlobItHas() throws Exception {
        byte[] bytes = bytes(1000);
        Descriptor blob = ingest(bytes);
        store.content().ingest(blob, new FailingInputStream(new IOException("read")));
        assertArrayEquals(bytes, read(blob.digest()));
    }

    @Test
    void takesTheSameBlobFromManyThreadsAtOnce() throws Exception {
        byte[] bytes = bytes(500_000);
        Descriptor blob = blob(bytes);
        inParallel(16, i -> {
            store.content().ingest(blob, new ByteArrayInputStream(bytes));
            assertArrayEquals(bytes, read(blob.digest()));
        });
    }

    @Test
    void knowsSha512() throws Exception {
        byte[] bytes = bytes(1000);
        byte[] hash = MessageDigest.getInstance("SHA-512").digest(bytes);
        var digest = new Digest("sha512", HexFormat.of().formatHex(hash));
        store.content().ingest(new Descriptor("x/y", digest, 1000), new ByteArrayInputStream(bytes));
        assertArrayEquals(bytes, read(digest));
    }

    @Test
    void givesAnImage() throws Exception {
        for (SampleImage sample :
                List.of(SampleImage.of(AMD64, "one", "two"), SampleImage.docker(AMD64, "one", "two"))) {
            Image image = add(NAME, sample).image(NAME, AMD64);
            assertEquals(NAME, image.reference());
            assertEquals(sample.root(), image.manifest());
            assertEquals(AMD64, image.platform());
            assertEquals(sample.blobs().subList(0, 2), image.layers());
            assertEquals(
                    ImageConfig.builder()
                            .entrypoint(List.of("/bin/entry"))
                            .command(List.of("sh", "-c", "exit 7"))
                            .env(List.of("PATH=/bin", "EMPTY="))
                            .workingDirectory("/work")
                            .user("1000:1000")
                            .stopSignal("SIGINT")
                            .labels(Map.of("a", "b"))
                            .build(),
                    image.config());
        }
    }

    @Test
    void choosesByPlatform() throws Exception {
        SampleImage amd64 = SampleImage.of(AMD64, "x");
        SampleImage arm64 = SampleImage.of(ARM64, "a");
        SampleImage armv6 = SampleImage.of(new Platform("linux", "arm", "v6"), "6");
        SampleImage attestation = SampleImage.of(new Platform("unknown", "unknown", ""), "signed");
        add(NAME, SampleImage.index(arm64, attestation, SampleImage.index(armv6, amd64)));
        assertEquals(amd64.root().digest(), store.image(NAME, AMD64).manifest().digest());
        assertEquals(arm64.root().digest(), store.image(NAME, ARM64).manifest().digest());
        assertEquals(
                armv6.root().digest(),
                store.image(NAME, Platform.parse("linux/arm/v7")).manifest().digest());
        assertFails(
                ErrorKind.NOT_FOUND,
                () -> store.image(NAME, Platform.parse("linux/riscv64")),
                "sample:latest",
                "linux/riscv64",
                "linux/arm64, linux/arm/v6, linux/amd64");
        assertFails(ErrorKind.NOT_FOUND, () -> store.image(NAME, Platform.parse("linux/arm/v5")), "linux/arm/v5");
    }

    @Test
    void tellsThePlatformOfAnImageWithoutIndexByItsConfiguration() throws Exception {
        add(NAME, SampleImage.of(ARM64, "x"));
        assertFails(ErrorKind.NOT_FOUND, () -> store.image(NAME, AMD64), "not made for linux/amd64", "linux/arm64");
    }

    @Test
    void acceptsAnIndexWithPlatformsThatWereLeftOut() throws Exception {
        SampleImage arm64 = SampleImage.of(ARM64, "a");
        SampleImage amd64 = SampleImage.of(AMD64, "x");
        SampleImage sparse = SampleImage.index(arm64, amd64);
        for (Descriptor blob : arm64.blobs()) {
            sparse = sparse.without(blob);
        }
        add(NAME, sparse);
        assertEquals(amd64.root().digest(), store.image(NAME, AMD64).manifest().digest());
        assertEquals(List.of(AMD64), store.list().getFirst().platforms());
        assertFails(ErrorKind.NOT_FOUND, () -> store.image(NAME, ARM64), "no content", "linux/arm64", "linux/amd64");
    }

    @Test
    void namesTheBlobThatIsMissing() throws Exception {
        SampleImage sample = SampleImage.of(AMD64, "x");
        for (String part : List.of("config", "layer")) {
            Descriptor blob = sample.blob(part);
            ImageStore other = open(home.resolve(part));
            sample.without(blob).ingestInto(other.content());
            other.tag(NAME, sample.root());
            assertFails(ErrorKind.CORRUPT, () -> other.image(NAME, AMD64), blob.digest(), "missing");
        }
    }

    @Test
    void refusesDocumentsThatAreNotWhatTheyShouldBe() throws Exception {
        SampleImage sample = SampleImage.of(AMD64, "x");
        Descriptor config = sample.blob("config");
        Descriptor layer = sample.blob("layer");
        String manifest = SampleImage.manifest(MediaTypes.MANIFEST, config, List.of(layer));
        for (Map.Entry<String, String> entry : Map.of(
                        "not JSON", "{",
                        "array", "[]",
                        "index and manifest at once", manifest.replaceFirst("\\{", "{\"manifests\":[],"),
                        "other type", manifest.replace("image.manifest", "image.index"),
                        "schema 1", manifest.replace("\"schemaVersion\":2", "\"schemaVersion\":1"),
                        "no config", manifest.replace("\"config\"", "\"konfig\""),
                        "path for a digest", manifest.replace(layer.digest().hex(), "../../../../etc/passwd"),
                        "negative size", manifest.replace("\"size\":1}", "\"size\":-1}"),
                        "huge configuration",
                                manifest.replace("\"size\":" + config.size(), "\"size\":9007199254740993"),
                        "more layers than known",
                                SampleImage.manifest(MediaTypes.MANIFEST, config, List.of(layer, layer)))
                .entrySet()) {
            SampleImage bad = SampleImage.withRoot(MediaTypes.MANIFEST, entry.getValue(), sample);
            assertFalse(bad.root().equals(sample.root()), entry.getKey());
            add(NAME, bad);
            CaissonException e = assertThrows(CaissonException.class, () -> store.image(NAME, AMD64), entry.getKey());
            assertEquals(ErrorKind.CORRUPT, e.kind(), entry.getKey());
            assertTrue(e.getMessage().contains("sha256:"), e.getMessage());
            assertEquals(List.of(), store.list().getFirst().platforms(), entry.getKey());
        }
    }

    @Test
    void refusesArtefactsAndDocumentsTooLong() throws Exception {
        add(NAME, SampleImage.artifact("x"));
        assertFails(ErrorKind.CORRUPT, () -> store.image(NAME, AMD64), "not a container image", "example.thing");
        add(NAME, SampleImage.withRoot(MediaTypes.INDEX, " ".repeat(ImageTree.MAX_DOCUMENT + 1)));
        assertFails(ErrorKind.CORRUPT, () -> store.image(NAME, AMD64), ImageTree.MAX_DOCUMENT);
        add(NAME, SampleImage.withRoot("text/plain", "x"));
        assertFails(ErrorKind.CORRUPT, () -> store.image(NAME, AMD64), "text/plain");
    }

    @Test
    void endsAnIndexThatListsOtherIndexesWithoutEnd() throws Exception {
        SampleImage nested = SampleImage.index(SampleImage.of(AMD64, "x"));
        for (int i = 0; i < 10; i++) {
            nested = SampleImage.index(nested, nested);
        }
        add(NAME, nested);
        assertFails(ErrorKind.CORRUPT, () -> store.image(NAME, AMD64), "nested");
    }

    @Test
    void namesOnlyWhatItHas() throws Exception {
        SampleImage sample = SampleImage.of(AMD64, "x");
        assertFails(
                ErrorKind.NOT_FOUND,
                () -> store.tag(NAME, sample.root()),
                sample.root().digest());
        add(NAME, sample);
        var other = ImageReference.parse("sample@sha256:" + "0".repeat(64));
        assertFails(
                ErrorKind.INVALID_ARGUMENT,
                () -> store.tag(other, sample.root()),
                sample.root().digest());
        var otherSize = new Descriptor(MediaTypes.MANIFEST, sample.root().digest(), 1);
        assertFails(
                ErrorKind.INVALID_ARGUMENT,
                () -> store.tag(NAME, otherSize),
                sample.root().digest());
    }

    @Test
    void movesANameInOneStepAndForgetsIt() throws Exception {
        SampleImage first = SampleImage.of(AMD64, "1");
        SampleImage second = SampleImage.of(AMD64, "2");
        add(NAME, first);
        add(NAME, second);
        assertEquals(Optional.of(second.root()), store.resolve(NAME));
        assertEquals(1, store.list().size());
        store.remove(NAME);
        assertEquals(Optional.empty(), store.resolve(NAME));
        assertFails(ErrorKind.NOT_FOUND, () -> store.remove(NAME), "sample:latest");
    }

    @Test
    void findsContentByDigestInTheSameRepositoryOnly() throws Exception {
        SampleImage sample = SampleImage.of(AMD64, "x");
        add(ImageReference.parse("sample:1"), sample);
        Digest digest = sample.root().digest();
        ImageReference byDigest = ImageReference.parse("sample:other@" + digest);
        assertEquals(Optional.of(sample.root()), store.resolve(byDigest));
        assertEquals(sample.root(), store.image(byDigest, AMD64).manifest());
        assertEquals(Optional.empty(), store.resolve(ImageReference.parse("elsewhere@" + digest)));
        assertEquals(Optional.empty(), store.resolve(ImageReference.parse("sample@sha256:" + "0".repeat(64))));
    }

    @Test
    void keepsTheAnnotationsOfWhatANameStandsFor() throws Exception {
        SampleImage sample = SampleImage.of(AMD64, "x");
        sample.ingestInto(store.content());
        var target = new Descriptor(
                sample.root().mediaType(),
                sample.root().digest(),
                sample.root().size(),
                Map.of("k", "v\n\"é\uD83D\uDE00"));
        store.tag(NAME, target);
        assertEquals(Optional.of(target), open(home.resolve("home")).resolve(NAME));
    }

    @Test
    void listsInAlphabeticalOrderWhatThereIs() throws Exception {
        SampleImage one = SampleImage.of(AMD64, "shared", "1");
        SampleImage both = SampleImage.index(one, SampleImage.of(ARM64, "shared", "2"));
        add(ImageReference.parse("zebra"), one);
        add(ImageReference.parse("ape:2"), both);
        add(ImageReference.parse("ape:10"), one);
        List<ImageRecord> list = store.list();
        assertEquals(
                List.of("ape:10", "ape:2", "zebra:latest"),
                list.stream().map(image -> image.reference().familiar()).toList());
        assertEquals(List.of(AMD64, ARM64), list.get(1).platforms());
        assertEquals(both.root(), list.get(1).target());
        assertEquals(both.size(), list.get(1).size());
        assertEquals(one.size(), list.get(0).size());
        assertEquals(
                Optional.of(Instant.parse(SampleImage.CREATED)), list.get(0).created());
    }

    @Test
    void losesNoNameWhenManyAreGivenAtOnceThroughSeveralStores() throws Exception {
        SampleImage sample = SampleImage.of(AMD64, "x");
        add(NAME, sample);
        ImageStore second = open(home.resolve("home"));
        inParallel(8, i -> {
            ImageStore mine = i % 2 == 0 ? store : second;
            for (int k = 0; k < 10; k++) {
                mine.tag(ImageReference.parse("many:" + i + "-" + k), sample.root());
                mine.tag(ImageReference.parse("gone:" + i + "-" + k), sample.root());
                mine.remove(ImageReference.parse("gone:" + i + "-" + k));
            }
        });
        assertEquals(81, store.list().size());
    }

    private ImageStore add(ImageReference reference, SampleImage sample) throws IOException, InterruptedException {
        sample.ingestInto(store.content());
        store.tag(reference, sample.root());
        return store;
    }

    private Descriptor ingest(byte[] bytes) throws IOException, InterruptedException {
        Descriptor blob = blob(bytes);
        store.content().ingest(blob, new ByteArrayInputStream(bytes));
        return blob;
    }

    private byte[] read(Digest digest) throws IOException {
        try (InputStream in = store.content().open(digest)) {
            return in.readAllBytes();
        }
    }

    private static Descriptor blob(byte[] bytes) {
        return new Descriptor(MediaTypes.LAYER, SampleImage.digest(bytes), bytes.length);
    }

    private static byte[] bytes(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    private static InputStream endless() {
        return new InputStream() {
            @Override
            public int read() {
                return 0;
            }

            @Override
            public int read(byte[] buffer, int offset, int length) {
                Arrays.fill(buffer, offset, offset + length, (byte) 0);
                return length;
            }
        };
    }

    private static final class FailingInputStream extends InputStream {
        private final IOException failure;

        FailingInputStream(IOException failure) {
            this.failure = failure;
        }

        @Override
        public int read() throws IOException {
            throw failure;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            throw failure;
        }
    }

    private interface Task {
        void run(int index) throws Exception;
    }

    private static void inParallel(int count, Task task) throws Exception {
        try (var threads =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            List<Callable<Void>> calls = IntStream.range(0, count)
                    .<Callable<Void>>mapToObj(i -> () -> {
                        task.run(i);
                        return null;
                    })
                    .toList();
            for (var result : threads.invokeAll(calls)) {
                result.get();
            }
        }
    }
}
