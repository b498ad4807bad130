package io.caisson.image.provider;

import io.caisson.image.api.ContentStore;
import io.caisson.image.api.Descriptor;
import io.caisson.image.api.ImageReference;
import io.caisson.image.api.ImageSource;
import io.caisson.image.library.ImageFormatException;
import io.caisson.image.library.ImageManifest;
import io.caisson.image.library.ImageTree;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.Platform;
import io.caisson.service.api.ProgressListener;
import io.caisson.service.api.ProgressListener.Progress;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Brings one image for one platform from a source into the store, from the index or manifest at its root down. */
final class Fetch implements ImageTree.DocumentReader<InterruptedException> {
    private final ImageSource source;
    private final ImageReference reference;
    private final ContentStore store;
    private final ProgressListener progress;
    private final String task;

    Fetch(ImageSource source, ImageReference reference, ContentStore store, ProgressListener progress) {
        this.source = source;
        this.reference = reference;
        this.store = store;
        this.progress = progress;
        task = "fetching " + reference.familiar();
    }

    /** Brings all content the platform needs; what is in the store already is not asked for. */
    void fetch(Descriptor root, Platform platform) throws InterruptedException {
        var tree = new ImageTree<>(this);
        try {
            List<ImageTree.Variant> variants = tree.variants(root);
            Optional<ImageTree.Variant> variant = ImageTree.choose(variants, platform);
            if (variant.isEmpty()) {
                throw otherPlatforms(platform, variants);
            }
            ImageManifest manifest = tree.manifest(variant.get().manifest());
            tree.configuration(variant.get().manifest(), manifest);
            fetchLayers(manifest.layers());
        } catch (ImageFormatException e) {
            throw new CaissonException(
                    ErrorKind.CORRUPT, "cannot use image " + reference.familiar() + ": " + e.getMessage(), e);
        }
    }

    private CaissonException otherPlatforms(Platform platform, List<ImageTree.Variant> variants) {
        var names = new ArrayList<String>();
        variants.forEach(variant -> names.add(variant.platform().toString()));
        return new CaissonException(
                ErrorKind.NOT_FOUND,
                "image " + reference.familiar() + " is not made for " + platform
                        + (names.isEmpty() ? "" : "; it is for " + String.join(", ", names)));
    }

    private void fetchLayers(List<Descriptor> layers) throws InterruptedException {
        long total = 0;
        for (Descriptor layer : layers) {
            total += layer.size();
        }
        long done = 0;
        for (Descriptor layer : layers) {
            bring(layer, done, total);
            done += layer.size();
        }
    }

    @Override
    public byte[] read(Descriptor document) throws InterruptedException {
        if (document.size() > ImageTree.MAX_DOCUMENT) {
            throw new CaissonException(
                    ErrorKind.CORRUPT,
                    "document " + document.digest() + " of image " + reference.familiar() + " is said to have "
                            + document.size() + " bytes; " + ImageTree.MAX_DOCUMENT + " is the most it may have");
        }
        bring(document, 0, -1);
        try (InputStream in = store.open(document.digest())) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw failure(document, e);
        }
    }

    private void bring(Descriptor content, long before, long total) throws InterruptedException {
        if (store.contains(content.digest())) {
            return;
        }
        try (InputStream in = source.open(reference, content)) {
            store.ingest(content, total < 0 ? in : new Counted(in, before, total));
        } catch (IOException e) {
            throw failure(content, e);
        }
    }

    private CaissonException failure(Descriptor content, IOException cause) {
        return new CaissonException(
                ErrorKind.UNAVAILABLE,
                "cannot fetch " + content.digest() + " of image " + reference.familiar() + ": " + cause.getMessage(),
                cause);
    }

    /** Tells how far the layers have come. */
    private final class Counted extends FilterInputStream {
        private final long total;
        private long done;

        Counted(InputStream in, long before, long total) {
            super(in);
            this.total = total;
            done = before;
        }

        @Override
        public int read() throws IOException {
            int b = in.read();
            count(b < 0 ? 0 : 1);
            return b;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int count = in.read(buffer, offset, length);
            count(Math.max(0, count));
            return count;
        }

        private void count(int more) {
            done += more;
            progress.progressed(new Progress(task, done, total));
        }
    }
}
