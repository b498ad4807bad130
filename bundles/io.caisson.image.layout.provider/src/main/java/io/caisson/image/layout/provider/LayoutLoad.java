package io.caisson.image.layout.provider;

import io.caisson.image.api.ContentStore;
import io.caisson.image.api.Descriptor;
import io.caisson.image.api.Digest;
import io.caisson.image.api.ImageReference;
import io.caisson.image.api.ImageStore;
import io.caisson.image.library.ImageIndex;
import io.caisson.image.library.ImageManifest;
import io.caisson.image.library.ImageTree;
import io.caisson.image.library.MediaTypes;
import io.caisson.service.api.ProgressListener;
import io.caisson.service.api.ProgressListener.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Brings a layout into a store. First everything is looked through — all documents read, all sizes compared — so that
 * most of what can be wrong with a layout shows before anything is stored; then the blobs are taken in, which checks
 * their digests; last the images are named.
 */
final class LayoutLoad implements ImageTree.DocumentReader<IOException> {
    private static final int MAX_DEPTH = 8;

    private final Layout layout;
    private final Path source;
    private final ImageTree<IOException> documents = new ImageTree<>(this);
    private final Map<Digest, Descriptor> blobs = new LinkedHashMap<>();
    private final Map<ImageReference, Descriptor> names = new LinkedHashMap<>();

    LayoutLoad(Layout layout, Path source) {
        this.layout = layout;
        this.source = source;
    }

    List<ImageReference> load(ImageStore store, ProgressListener progress) throws IOException, InterruptedException {
        lookThrough();
        takeIn(store.content(), progress);
        names.forEach(store::tag);
        return new ArrayList<>(names.keySet());
    }

    private void lookThrough() throws IOException {
        for (ImageIndex.Entry entry : layout.index().entries()) {
            Descriptor image = entry.descriptor();
            // What is no image may stand beside images (image-spec v1.1, "index.json"); it is not loaded.
            if (!MediaTypes.isIndex(image.mediaType()) && !MediaTypes.isManifest(image.mediaType())) {
                continue;
            }
            if (!collect(image, 0)) {
                throw new LayoutException("blob " + image.digest() + " is missing");
            }
            ImageReference name = LayoutNames.of(image, source);
            Descriptor before = names.putIfAbsent(name, image);
            if (before != null && !before.digest().equals(image.digest())) {
                throw new LayoutException("index.json: the name " + name + " is given to both " + before.digest()
                        + " and " + image.digest());
            }
        }
        if (names.isEmpty()) {
            throw new LayoutException("index.json: no image in it");
        }
    }

    /**
     * Collects all blobs below one, the leaves first.
     *
     * @return whether it is in the layout; an index may list images that were left out
     */
    private boolean collect(Descriptor node, int depth) throws IOException {
        if (!layout.has(node.digest())) {
            return false;
        }
        layout.check(node);
        if (blobs.containsKey(node.digest())) {
            return true;
        }
        if (MediaTypes.isIndex(node.mediaType())) {
            collectIndex(node, depth);
        } else if (MediaTypes.isManifest(node.mediaType())) {
            ImageManifest manifest = documents.manifest(node);
            for (Descriptor content : manifest.content()) {
                layout.check(content);
                blobs.put(content.digest(), content);
            }
        }
        blobs.put(node.digest(), node);
        return true;
    }

    private void collectIndex(Descriptor node, int depth) throws IOException {
        if (depth == MAX_DEPTH) {
            throw new LayoutException("image index " + node.digest() + ": nested more than " + MAX_DEPTH + " deep");
        }
        boolean any = false;
        List<ImageIndex.Entry> entries = documents.index(node).entries();
        for (ImageIndex.Entry entry : entries) {
            any |= collect(entry.descriptor(), depth + 1);
        }
        if (!any && !entries.isEmpty()) {
            throw new LayoutException(
                    "image index " + node.digest() + ": none of the images it lists is in the layout");
        }
    }

    @Override
    public byte[] read(Descriptor document) throws IOException {
        Digest digest = document.digest();
        if (document.size() > ImageTree.MAX_DOCUMENT) {
            throw new LayoutException("document " + digest + " has " + document.size() + " bytes; "
                    + ImageTree.MAX_DOCUMENT + " is the most it may have");
        }
        layout.check(document);
        try (InputStream in = layout.open(document)) {
            byte[] bytes = in.readNBytes((int) document.size());
            String actual = HexFormat.of()
                    .formatHex(MessageDigest.getInstance(digest.javaAlgorithm()).digest(bytes));
            if (!actual.equals(digest.hex())) {
                throw new LayoutException("blob " + digest + " has the digest " + digest.algorithm() + ":" + actual);
            }
            return bytes;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has " + digest.javaAlgorithm(), e);
        }
    }

    private void takeIn(ContentStore store, ProgressListener progress) throws IOException, InterruptedException {
        long total = 0;
        for (Descriptor blob : blobs.values()) {
            total += blob.size();
        }
        long done = 0;
        String task = "loading " + source;
        for (Descriptor blob : blobs.values()) {
            try (InputStream in = layout.open(blob)) {
                store.ingest(blob, in);
            }
            done += blob.size();
            progress.progressed(new Progress(task, done, total));
        }
    }
}
