package io.caisson.image.provider;

import io.caisson.image.api.Descriptor;
import io.caisson.image.api.Digest;
import io.caisson.image.api.ImageReference;
import io.caisson.image.api.ImageSource;
import io.caisson.image.testkit.SampleImage;
import io.caisson.service.api.Availability;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.ServiceReference;

/** A source with the images it is given, which records what it is asked for and fails when it is told to. */
final class FakeSource implements ImageSource {
    private final Map<ImageReference, SampleImage> images = new HashMap<>();
    final List<Digest> opened = new CopyOnWriteArrayList<>();
    Availability availability = Availability.yes();

    @Nullable
    ServiceReference<ImageSource> reference;

    @Nullable
    CaissonException resolveFailure;

    @Nullable
    IOException readFailure;

    /** Happens while the source is asked. */
    Runnable meanwhile = () -> {};

    ServiceReference<ImageSource> reference() {
        return Objects.requireNonNull(reference);
    }

    FakeSource with(String name, SampleImage image) {
        images.put(ImageReference.parse(name), image);
        return this;
    }

    @Override
    public Availability availability() {
        return availability;
    }

    @Override
    public Optional<Descriptor> resolve(ImageReference reference) {
        meanwhile.run();
        if (resolveFailure != null) {
            throw resolveFailure;
        }
        SampleImage image = images.get(reference);
        return image == null ? Optional.empty() : Optional.of(image.root());
    }

    @Override
    public InputStream open(ImageReference reference, Descriptor content) throws IOException {
        opened.add(content.digest());
        if (readFailure != null) {
            throw readFailure;
        }
        SampleImage image = images.get(reference);
        if (image != null) {
            for (Descriptor blob : image.blobs()) {
                if (blob.digest().equals(content.digest())) {
                    return new ByteArrayInputStream(image.content(blob));
                }
            }
        }
        throw new CaissonException(ErrorKind.NOT_FOUND, "source lacks " + content.digest());
    }
}
