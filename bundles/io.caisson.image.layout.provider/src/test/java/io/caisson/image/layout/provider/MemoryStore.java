package io.caisson.image.layout.provider;

import io.caisson.image.api.ContentStore;
import io.caisson.image.api.Descriptor;
import io.caisson.image.api.Digest;
import io.caisson.image.api.Image;
import io.caisson.image.api.ImageRecord;
import io.caisson.image.api.ImageReference;
import io.caisson.image.api.ImageStore;
import io.caisson.image.testkit.SampleImage;
import io.caisson.service.api.Availability;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.Platform;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** As much of an image store as loading needs. */
final class MemoryStore implements ImageStore, ContentStore {
    final Map<Digest, byte[]> blobs = new HashMap<>();
    final Map<ImageReference, Descriptor> references = new LinkedHashMap<>();

    @Override
    public boolean contains(Digest digest) {
        return blobs.containsKey(digest);
    }

    @Override
    public long size(Digest digest) {
        return Objects.requireNonNull(blobs.get(digest)).length;
    }

    @Override
    public InputStream open(Digest digest) {
        return new ByteArrayInputStream(Objects.requireNonNull(blobs.get(digest)));
    }

    @Override
    public void ingest(Descriptor expected, InputStream source) throws IOException {
        byte[] bytes = source.readAllBytes();
        if (bytes.length != expected.size() || !SampleImage.digest(bytes).equals(expected.digest())) {
            throw new CaissonException(ErrorKind.CORRUPT, expected.digest() + " is not " + SampleImage.digest(bytes));
        }
        blobs.put(expected.digest(), bytes);
    }

    @Override
    public void tag(ImageReference reference, Descriptor target) {
        references.put(reference, target);
    }

    @Override
    public Optional<Descriptor> resolve(ImageReference reference) {
        return Optional.ofNullable(references.get(reference));
    }

    @Override
    public ContentStore content() {
        return this;
    }

    @Override
    public Availability availability() {
        return Availability.yes();
    }

    @Override
    public Image image(ImageReference reference, Platform platform) {
        throw new AssertionError("loading asks for no image");
    }

    @Override
    public List<ImageRecord> list() {
        throw new AssertionError("loading lists nothing");
    }

    @Override
    public void remove(ImageReference reference) {
        throw new AssertionError("loading removes nothing");
    }
}
