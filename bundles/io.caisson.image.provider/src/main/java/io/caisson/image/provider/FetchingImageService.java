package io.caisson.image.provider;

import io.caisson.image.api.Descriptor;
import io.caisson.image.api.Image;
import io.caisson.image.api.ImageArchive;
import io.caisson.image.api.ImageReference;
import io.caisson.image.api.ImageService;
import io.caisson.image.api.ImageSource;
import io.caisson.image.api.ImageStore;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.Platform;
import io.caisson.service.api.ProgressListener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** Takes images from the store, and into it from whatever source or archive has them. */
@Component(service = ImageService.class)
public final class FetchingImageService implements ImageService {
    private final ImageStore store;
    private final RankedServices<ImageSource> sources = new RankedServices<>();
    private final RankedServices<ImageArchive> archives = new RankedServices<>();

    /** A service on the best store there is. */
    @Activate
    public FetchingImageService(@Reference(policyOption = ReferencePolicyOption.GREEDY) ImageStore store) {
        this.store = store;
    }

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void bindSource(ImageSource source, Map<String, Object> properties) {
        sources.add(source, properties);
    }

    void unbindSource(ImageSource source) {
        sources.remove(source);
    }

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void bindArchive(ImageArchive archive, Map<String, Object> properties) {
        archives.add(archive, properties);
    }

    void unbindArchive(ImageArchive archive) {
        archives.remove(archive);
    }

    @Override
    public Image image(ImageReference reference, Platform platform, ProgressListener progress)
            throws InterruptedException {
        CaissonException absent;
        try {
            return store.image(reference, platform);
        } catch (CaissonException e) {
            if (e.kind() != ErrorKind.NOT_FOUND) {
                throw e;
            }
            absent = e;
        }
        fetch(reference, platform, progress, absent);
        return store.image(reference, platform);
    }

    /** Brings the image from the first source that has it. */
    private void fetch(ImageReference reference, Platform platform, ProgressListener progress, CaissonException absent)
            throws InterruptedException {
        Optional<Descriptor> named = store.resolve(reference);
        CaissonException failure = null;
        for (ImageSource source : sources.inOrder()) {
            if (!source.availability().available()) {
                continue;
            }
            try {
                Optional<Descriptor> found = source.resolve(reference);
                if (found.isEmpty() || !mayBe(found.get(), named, reference)) {
                    continue;
                }
                new Fetch(source, reference, store.content(), progress).fetch(found.get(), platform);
                if (named.isEmpty()) {
                    store.tag(reference, found.get());
                }
                return;
            } catch (CaissonException e) {
                // Another source may do better. If none does, the first failure is the one that tells most.
                failure = first(failure, e);
            }
        }
        throw failure == null ? absent : failure;
    }

    /** Whether what a source found is what the reference asks for and what it names here already, if anything. */
    private static boolean mayBe(Descriptor found, Optional<Descriptor> named, ImageReference reference) {
        if (reference.digest().isPresent() && !reference.digest().get().equals(found.digest())) {
            return false;
        }
        return named.isEmpty() || named.get().digest().equals(found.digest());
    }

    private static CaissonException first(@Nullable CaissonException before, CaissonException now) {
        if (before == null) {
            return now;
        }
        before.addSuppressed(now);
        return before;
    }

    @Override
    public List<ImageReference> load(Path source, ProgressListener progress) throws InterruptedException {
        if (!Files.exists(source)) {
            throw new CaissonException(ErrorKind.NOT_FOUND, "cannot load " + source + ": no such file or directory");
        }
        for (ImageArchive archive : archives.inOrder()) {
            if (archive.availability().available() && archive.recognises(source)) {
                return archive.load(source, store, progress);
            }
        }
        throw new CaissonException(
                ErrorKind.UNSUPPORTED,
                "cannot load " + source
                        + ": neither an OCI layout (a directory with the files oci-layout and index.json)"
                        + " nor a tar archive of one");
    }
}
