package io.caisson.image.provider;

import static io.caisson.image.testkit.Failures.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.image.api.Descriptor;
import io.caisson.image.api.Image;
import io.caisson.image.api.ImageArchive;
import io.caisson.image.api.ImageReference;
import io.caisson.image.api.ImageStore;
import io.caisson.image.layout.provider.LayoutArchive;
import io.caisson.image.layout.provider.ShippedImages;
import io.caisson.image.library.ImageTree;
import io.caisson.image.library.MediaTypes;
import io.caisson.image.store.provider.LocalImageStore;
import io.caisson.image.testkit.SampleImage;
import io.caisson.service.api.Availability;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.FrameworkProperties;
import io.caisson.service.api.Platform;
import io.caisson.service.api.ProgressListener;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.ServiceReference;
import org.osgi.service.log.Logger;

/** The service on the real store; the sources are fakes, and the real ones at the end. */
class FetchingImageServiceTest {
    private static final Platform AMD64 = Platform.linux("amd64");
    private static final Platform ARM64 = Platform.linux("arm64");
    private static final ImageReference NAME = ImageReference.parse("sample");
    private static final SampleImage FOR_AMD64 = SampleImage.of(AMD64, "shared", "x");
    private static final SampleImage FOR_ARM64 = SampleImage.of(ARM64, "shared", "a");
    private static final SampleImage BOTH = SampleImage.index(FOR_AMD64, FOR_ARM64);

    @TempDir
    private Path temporary;

    private Path home;
    private FakeRegistry registry;
    private ImageStore store;
    private FetchingImageService service;

    @BeforeEach
    void chooseHome() {
        home = temporary.resolve("home");
        openService();
    }

    private void openService() {
        registry = new FakeRegistry(Map.of(
                FrameworkProperties.HOME, home.toString(),
                FrameworkProperties.IMAGES, temporary.resolve("images").toString()));
        store = new LocalImageStore(registry.context(), silent());
        service = new FetchingImageService(registry.context(), store);
    }

    @Test
    void fetchesWhatThePlatformNeedsAndNothingElseAndOnlyOnce() throws Exception {
        FakeSource source = bind(new FakeSource().with("sample", BOTH), 0, 1);
        assertEquals(FOR_AMD64.root(), image(NAME, AMD64).manifest());
        var expected = new ArrayList<>(List.of(BOTH.root().digest()));
        FOR_AMD64.blobs().forEach(blob -> expected.add(blob.digest()));
        assertEquals(sorted(expected), sorted(source.opened));
        source.opened.clear();
        image(NAME, AMD64);
        assertEquals(List.of(), source.opened);
        assertEquals(List.of(AMD64), store.list().getFirst().platforms());
    }

    @Test
    void completesAnImageForAnotherPlatform() throws Exception {
        FakeSource source = bind(new FakeSource().with("sample", BOTH), 0, 1);
        image(NAME, AMD64);
        source.opened.clear();
        assertEquals(FOR_ARM64.root(), image(NAME, ARM64).manifest());
        assertFalse(source.opened.contains(FOR_ARM64.blob("layer").digest()), "the layer they share is there");
        assertEquals(List.of(AMD64, ARM64), store.list().getFirst().platforms());
    }

    @Test
    void neverMakesANameStandForSomethingElse() throws Exception {
        FOR_ARM64.ingestInto(store.content());
        store.tag(NAME, FOR_ARM64.root());
        FakeSource source = bind(new FakeSource().with("sample", FOR_AMD64), 0, 1);
        assertFails(ErrorKind.NOT_FOUND, () -> image(NAME, AMD64), "not made for linux/amd64", "linux/arm64");
        assertEquals(FOR_ARM64.root(), store.resolve(NAME).orElseThrow());
        assertEquals(List.of(), source.opened);
    }

    @Test
    void asksTheSourcesByRankingAndOfEqualsTheOldest() throws Exception {
        var ranked = List.of(SampleImage.of(AMD64, "0"), SampleImage.of(AMD64, "1"), SampleImage.of(AMD64, "2"));
        bind(new FakeSource().with("sample", ranked.get(1)), 5, 3);
        bind(new FakeSource().with("sample", ranked.get(2)), 5, 4);
        FakeSource best = bind(new FakeSource().with("sample", ranked.get(0)), 7, 9);
        FakeSource unavailable = bind(new FakeSource().with("sample", ranked.get(2)), 100, 10);
        unavailable.availability = Availability.no("gone fishing", "");
        assertEquals(ranked.get(0).root(), image(NAME, AMD64).manifest());
        unbind(best);
        store.remove(NAME);
        assertEquals(ranked.get(1).root(), image(NAME, AMD64).manifest());
    }

    @Test
    void goesOnToTheNextSourceAndReportsTheFirstFailureIfNoneHasTheImage() throws Exception {
        FakeSource first = bind(new FakeSource(), 2, 1);
        FakeSource second = bind(new FakeSource(), 1, 2);
        first.resolveFailure = new CaissonException(ErrorKind.UNAVAILABLE, "registry a does not answer");
        second.resolveFailure = new CaissonException(ErrorKind.UNAVAILABLE, "registry b does not answer");
        CaissonException e = assertFails(ErrorKind.UNAVAILABLE, () -> image(NAME, AMD64), "registry a");
        assertEquals(1, e.getSuppressed().length);
        bind(new FakeSource().with("sample", FOR_AMD64), 0, 3);
        assertEquals(FOR_AMD64.root(), image(NAME, AMD64).manifest());
    }

    @Test
    void saysWhatToDoWhenNobodyHasTheImage() {
        bind(new FakeSource(), 0, 1);
        assertFails(ErrorKind.NOT_FOUND, () -> image(NAME, AMD64), "sample:latest", "image list", "image load");
    }

    @Test
    void namesTheShippedImagesWhenNobodyHasTheImage() throws Exception {
        BOTH.writeLayout(temporary.resolve("images/sample"), NAME.toString());
        service.bindSource(registry.register(new ShippedImages(registry.context()), 0, 1));
        assertFails(
                ErrorKind.NOT_FOUND,
                () -> image(ImageReference.parse("nosuch"), AMD64),
                "no image nosuch:latest",
                "image load FILE",
                "; there without loading: sample:latest");
    }

    @Test
    void listsThePlatformsTheImageIsFor() {
        bind(new FakeSource().with("sample", BOTH), 0, 1);
        assertFails(
                ErrorKind.NOT_FOUND,
                () -> image(NAME, Platform.linux("s390x")),
                "linux/s390x",
                "linux/amd64, linux/arm64");
        assertTrue(store.resolve(NAME).isEmpty());
    }

    @Test
    void namesNothingWhenABlobIsWrongOrMissingAndSucceedsNextTime() throws Exception {
        for (Descriptor blob : FOR_AMD64.blobs()) {
            home = temporary.resolve(blob.digest().hex());
            openService();
            byte[] wrong = FOR_AMD64.content(blob);
            wrong[0] ^= 1;
            FakeSource lacking = bind(new FakeSource().with("sample", FOR_AMD64.without(blob)), 0, 1);
            assertFails(ErrorKind.NOT_FOUND, () -> image(NAME, AMD64), blob.digest());
            unbind(lacking);
            FakeSource lying = bind(new FakeSource().with("sample", FOR_AMD64.damaged(blob, wrong)), 0, 2);
            assertFails(ErrorKind.CORRUPT, () -> image(NAME, AMD64), blob.digest(), SampleImage.digest(wrong));
            unbind(lying);
            assertTrue(store.resolve(NAME).isEmpty());
            assertFalse(store.content().contains(blob.digest()));
            bind(new FakeSource().with("sample", FOR_AMD64), 0, 3);
            assertEquals(FOR_AMD64.root(), image(NAME, AMD64).manifest());
        }
    }

    @Test
    void saysWhichContentCouldNotBeRead() {
        FakeSource source = bind(new FakeSource().with("sample", FOR_AMD64), 0, 1);
        source.readFailure = new IOException("cable cut");
        assertFails(
                ErrorKind.UNAVAILABLE,
                () -> image(NAME, AMD64),
                FOR_AMD64.root().digest(),
                "sample:latest",
                "cable cut");
    }

    @Test
    void refusesContentOfAnotherDigestThanTheReferenceHas() {
        ImageReference pinned =
                ImageReference.parse("sample@" + FOR_ARM64.root().digest());
        bind(new FakeSource().with(pinned.toString(), FOR_AMD64), 0, 1);
        assertFails(ErrorKind.NOT_FOUND, () -> image(pinned, AMD64), pinned.familiar());
    }

    @Test
    void refusesADocumentThatIsSaidToBeHuge() {
        var manifest = SampleImage.manifest(
                MediaTypes.MANIFEST,
                new Descriptor(MediaTypes.CONFIG, FOR_AMD64.root().digest(), ImageTree.MAX_DOCUMENT + 1L),
                List.of());
        FakeSource source =
                bind(new FakeSource().with("sample", SampleImage.withRoot(MediaTypes.MANIFEST, manifest)), 0, 1);
        assertFails(ErrorKind.CORRUPT, () -> image(NAME, AMD64), ImageTree.MAX_DOCUMENT + 1L);
        assertEquals(1, source.opened.size());
    }

    @Test
    void tellsHowFarTheLayersAre() throws Exception {
        bind(new FakeSource().with("sample", FOR_AMD64), 0, 1);
        var events = new ArrayList<ProgressListener.Progress>();
        service.image(NAME, AMD64, events::add);
        assertEquals("fetching sample:latest", events.getFirst().task());
        assertEquals(events.getLast().total(), events.getLast().done());
    }

    @Test
    void activatesNoSourceForAnImageThatIsThereAndGivesBackWhatItGot() throws Exception {
        FakeSource source = bind(new FakeSource().with("sample", FOR_AMD64), 0, 1);
        image(NAME, AMD64);
        source.resolveFailure = new CaissonException(ErrorKind.UNAVAILABLE, "asked");
        image(NAME, AMD64);
        assertFails(ErrorKind.UNAVAILABLE, () -> image(ImageReference.parse("other"), AMD64), "asked");
        assertEquals(0, registry.uses());
    }

    @Test
    void finishesAFetchWhileItsBundleStopsButBeginsNoOther() throws Exception {
        FakeSource empty = bind(new FakeSource(), 1, 1);
        FakeSource source = bind(new FakeSource().with("sample", FOR_AMD64), 0, 2);
        empty.meanwhile = registry::stop;
        assertFails(ErrorKind.UNAVAILABLE, () -> image(NAME, AMD64), "stopped");

        openService();
        bind(source, 0, 1);
        source.meanwhile = registry::stop;
        assertEquals(FOR_AMD64.root(), image(NAME, AMD64).manifest());
    }

    @Test
    void canBeInterrupted() {
        bind(new FakeSource().with("sample", FOR_AMD64), 0, 1);
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> image(NAME, AMD64));
        assertTrue(store.resolve(NAME).isEmpty());
    }

    @Test
    void loadsThroughTheArchiveThatRecognisesTheFile() throws Exception {
        Path layout = temporary.resolve("layout");
        BOTH.writeLayout(layout, "loaded:1");
        assertFails(ErrorKind.UNSUPPORTED, () -> service.load(layout, ProgressListener.NONE), layout, "oci-layout");
        assertFails(ErrorKind.NOT_FOUND, () -> service.load(temporary.resolve("gone"), ProgressListener.NONE), "gone");
        ServiceReference<ImageArchive> archive = registry.register(new LayoutArchive(registry.context()), 0, 1);
        service.bindArchive(archive);
        assertEquals(List.of(ImageReference.parse("loaded:1")), service.load(layout, ProgressListener.NONE));
        assertEquals(
                FOR_ARM64.root(), image(ImageReference.parse("loaded:1"), ARM64).manifest());
        service.unbindArchive(archive);
        assertFails(ErrorKind.UNSUPPORTED, () -> service.load(layout, ProgressListener.NONE), layout);
    }

    @Test
    void takesShippedImagesWithoutARegistryHoweverManyStartAtOnce() throws Exception {
        BOTH.writeLayout(temporary.resolve("images/sample"), NAME.toString());
        List<Callable<Image>> calls = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            // Each as in a process of its own.
            var store = new LocalImageStore(registry.context(), silent());
            var other = new FetchingImageService(registry.context(), store);
            other.bindSource(registry.register(new ShippedImages(registry.context()), 0, i));
            calls.add(() -> other.image(NAME, AMD64, ProgressListener.NONE));
        }
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var result : threads.invokeAll(calls)) {
                assertEquals(FOR_AMD64.root(), result.get().manifest());
            }
        }
        try (var left = Files.list(temporary.resolve("home/content/ingest"))) {
            assertEquals(0, left.count());
        }
    }

    private Image image(ImageReference reference, Platform platform) throws InterruptedException {
        return service.image(reference, platform, ProgressListener.NONE);
    }

    private FakeSource bind(FakeSource source, int ranking, long id) {
        source.reference = registry.register(source, ranking, id);
        service.bindSource(source.reference());
        return source;
    }

    private void unbind(FakeSource source) {
        service.unbindSource(source.reference());
    }

    private static Logger silent() {
        return (Logger) Proxy.newProxyInstance(
                FetchingImageServiceTest.class.getClassLoader(),
                new Class<?>[] {Logger.class},
                (proxy, method, arguments) -> null);
    }

    private static List<String> sorted(List<?> values) {
        return values.stream().map(Object::toString).sorted().toList();
    }
}
