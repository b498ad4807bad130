package io.caisson.image.provider;

import io.caisson.image.api.Descriptor;
import io.caisson.image.api.Image;
import io.caisson.image.api.ImageArchive;
import io.caisson.image.api.ImageReference;
import io.caisson.image.api.ImageService;
import io.caisson.image.api.ImageSource;
import io.caisson.image.api.ImageStore;
import io.caisson.image.api.ListableSource;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.Platform;
import io.caisson.service.api.ProgressListener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
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
    private final RankedServices<ImageSource> sources;
    private final RankedServices<ImageArchive> archives;

    /** A service on the best store there is. */
    @Activate
    public FetchingImageService(
            BundleContext context, @Reference(policyOption = ReferencePolicyOption.GREEDY) ImageStore store) {
        this.store = store;
        sources = new RankedServices<>(context);
        archives = new RankedServices<>(context);
    }

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void bindSource(ServiceReference<ImageSource> source) {
        sources.add(source);
    }

    void unbindSource(ServiceReference<ImageSource> source) {
        sources.remove(source);
    }

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void bindArchive(ServiceReference<ImageArchive> archive) {
        archives.add(archive);
    }

    void unbindArchive(ServiceReference<ImageArchive> archive) {
        archives.remove(archive);
    }

    @Override
    public Image image(ImageReference reference, Platform platform, ProgressListener progress)
            throws InterruptedException {
        try {
            return store.image(reference, platform);
        } catch (CaissonException absent) {
            if (absent.kind() != ErrorKind.NOT_FOUND) {
                throw absent;
            }
            if (!fetch(reference, platform, progress)) {
                throw store.resolve(reference).isPresent() ? absent : unknown(absent);
            }
        }
        return store.image(reference, platform);
    }

    /** Names what can be had as well: where an image comes from when it is asked for, the store does not list it. */
    private CaissonException unknown(CaissonException absent) throws InterruptedException {
        var names = new TreeSet<String>();
        sources.tryEach(source -> {
            if (source instanceof ListableSource listable
                    && source.availability().available()) {
                listable.names().forEach(name -> names.add(name.familiar()));
            }
            return null;
        });
        return names.isEmpty()
                ? absent
                : new CaissonException(
                        absent.kind(),
                        absent.getMessage() + "; there without loading: " + String.join(", ", names),
                        absent);
    }

    /** Brings the image from the first source that has it; false when none does. */
    private boolean fetch(ImageReference reference, Platform platform, ProgressListener progress)
            throws InterruptedException {
        Optional<Descriptor> named = store.resolve(reference);
        // One source's failure is no reason not to ask the next.
        var failures = new ArrayList<CaissonException>();
        Descriptor fetched = sources.tryEach(source -> {
            try {
                return fetch(source, reference, named, platform, progress);
            } catch (CaissonException e) {
                failures.add(e);
                return null;
            }
        });
        if (fetched == null && !failures.isEmpty()) {
            CaissonException first = failures.getFirst();
            failures.stream().skip(1).forEach(first::addSuppressed);
            throw first;
        }
        if (fetched != null && named.isEmpty()) {
            store.tag(reference, fetched);
        }
        return fetched != null;
    }

    private @Nullable Descriptor fetch(
            ImageSource source,
            ImageReference reference,
            Optional<Descriptor> named,
            Platform platform,
            ProgressListener progress)
            throws InterruptedException {
        if (!source.availability().available()) {
            return null;
        }
        Optional<Descriptor> found = source.resolve(reference);
        if (found.isEmpty() || !isWanted(found.get(), reference, named)) {
            return null;
        }
        new Fetch(source, reference, store.content(), progress).fetch(found.get(), platform);
        return found.get();
    }

    /** Whether what a source found is what the reference asks for, and what it names here already if anything. */
    private static boolean isWanted(Descriptor found, ImageReference reference, Optional<Descriptor> named) {
        if (reference.digest().isPresent() && !reference.digest().get().equals(found.digest())) {
            return false;
        }
        return named.isEmpty() || named.get().digest().equals(found.digest());
    }

    @Override
    public List<ImageReference> load(Path source, ProgressListener progress) throws InterruptedException {
        if (!Files.exists(source)) {
            throw new CaissonException(ErrorKind.NOT_FOUND, "cannot load " + source + ": no such file or directory");
        }
        List<ImageReference> loaded =
                archives.tryEach(archive -> archive.availability().available() && archive.recognises(source)
                        ? archive.load(source, store, progress)
                        : null);
        if (loaded == null) {
            throw new CaissonException(
                    ErrorKind.UNSUPPORTED,
                    "cannot load " + source + ": neither an OCI layout (a directory with the files oci-layout and"
                            + " index.json) nor a tar archive of one");
        }
        return loaded;
    }
}
