package io.caisson.image.store.provider;

import io.caisson.image.api.ContentStore;
import io.caisson.image.api.Descriptor;
import io.caisson.image.api.Digest;
import io.caisson.image.api.Image;
import io.caisson.image.api.ImageRecord;
import io.caisson.image.api.ImageReference;
import io.caisson.image.api.ImageStore;
import io.caisson.image.library.ImageConfiguration;
import io.caisson.image.library.ImageFormatException;
import io.caisson.image.library.ImageManifest;
import io.caisson.image.library.ImageTree;
import io.caisson.service.api.Availability;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.FrameworkProperties;
import io.caisson.service.api.Platform;
import io.caisson.service.api.Provider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;

/** The images in the home directory: {@code content/} holds the blobs, {@code images.json} the references. */
@Component(service = ImageStore.class, property = Provider.NAME + "=local")
public final class LocalImageStore implements ImageStore {
    private final Path home;
    private final Logger logger;
    private final BlobDirectory blobs;
    private final ReferenceFile references;

    /** The store of the framework's home directory; touches nothing there. */
    @Activate
    public LocalImageStore(BundleContext context, @Reference(service = LoggerFactory.class) Logger logger) {
        this(FrameworkProperties.home(context.getProperty(FrameworkProperties.HOME)), logger);
    }

    LocalImageStore(Path home, Logger logger) {
        this.home = home;
        this.logger = logger;
        blobs = new BlobDirectory(home.resolve("content"));
        references = new ReferenceFile(home);
    }

    @Override
    public Availability availability() {
        Path there = home;
        while (there != null && !Files.exists(there)) {
            there = there.getParent();
        }
        return there != null && Files.isDirectory(there) && Files.isWritable(there)
                ? Availability.yes()
                : Availability.no(
                        "no directory can be written at " + home,
                        "make it writable for this user, or set CAISSON_HOME to a directory of your own");
    }

    @Override
    public ContentStore content() {
        return blobs;
    }

    @Override
    public Optional<Descriptor> resolve(ImageReference reference) {
        Map<String, Descriptor> all = references.read();
        Descriptor exact = all.get(reference.toString());
        if (exact != null || reference.digest().isEmpty()) {
            return Optional.ofNullable(exact);
        }
        Digest wanted = reference.digest().get();
        for (Map.Entry<String, Descriptor> entry : all.entrySet()) {
            Digest digest = entry.getValue().digest();
            ImageReference name = named(entry.getKey());
            if (digest.equals(wanted)
                    && name.registry().equals(reference.registry())
                    && name.repository().equals(reference.repository())) {
                return Optional.of(entry.getValue());
            }
        }
        return Optional.empty();
    }

    private ImageReference named(String name) {
        try {
            return ImageReference.parse(name);
        } catch (CaissonException e) {
            throw references.corrupt(e.getMessage(), e);
        }
    }

    @Override
    public Image image(ImageReference reference, Platform platform) {
        Optional<Descriptor> target = resolve(reference);
        if (target.isEmpty()) {
            throw unknown(reference);
        }
        var tree = new ImageTree<>(new CachedDocuments());
        try {
            ImageTree.Variant variant = choose(reference, tree.variants(target.get()), platform);
            ImageManifest manifest = tree.manifest(variant.manifest());
            ImageConfiguration configuration = tree.configuration(variant.manifest(), manifest);
            for (Descriptor layer : manifest.layers()) {
                blobs.check(layer);
            }
            return new Image(
                    reference, variant.manifest(), variant.platform(), configuration.config(), manifest.layers());
        } catch (ImageFormatException e) {
            throw new CaissonException(
                    ErrorKind.CORRUPT, "cannot use image " + reference.familiar() + ": " + e.getMessage(), e);
        }
    }

    private static CaissonException unknown(ImageReference reference) {
        return new CaissonException(
                ErrorKind.NOT_FOUND,
                "no image " + reference.familiar() + " in the image store (caisson image list shows those there are,"
                        + " caisson image load FILE brings more)");
    }

    private ImageTree.Variant choose(ImageReference reference, List<ImageTree.Variant> variants, Platform platform) {
        Optional<ImageTree.Variant> chosen = ImageTree.choose(variants, platform);
        if (chosen.isPresent() && blobs.contains(chosen.get().manifest().digest())) {
            return chosen.get();
        }
        var here = new ArrayList<Platform>();
        for (ImageTree.Variant variant : variants) {
            if (blobs.contains(variant.manifest().digest())) {
                here.add(variant.platform());
            }
        }
        String problem = chosen.isPresent() ? " has no content in the image store for " : " is not made for ";
        throw new CaissonException(
                ErrorKind.NOT_FOUND,
                "image " + reference.familiar() + problem + platform
                        + (here.isEmpty() ? "" : "; here it can run as " + join(here)));
    }

    private static String join(List<Platform> platforms) {
        var names = new ArrayList<String>();
        platforms.forEach(platform -> names.add(platform.toString()));
        return String.join(", ", names);
    }

    @Override
    public List<ImageRecord> list() {
        var records = new ArrayList<ImageRecord>();
        references.read().forEach((name, target) -> records.add(record(named(name), target)));
        return records;
    }

    private ImageRecord record(ImageReference reference, Descriptor target) {
        var platforms = new ArrayList<Platform>();
        var sizes = new HashMap<String, Long>();
        Optional<Instant> created = Optional.empty();
        try {
            var tree = new ImageTree<>(new CachedDocuments());
            sizes.put(target.digest().hex(), target.size());
            for (ImageTree.Variant variant : tree.variants(target)) {
                if (!blobs.contains(variant.manifest().digest())) {
                    continue;
                }
                ImageManifest manifest = tree.manifest(variant.manifest());
                sizes.put(variant.manifest().digest().hex(), variant.manifest().size());
                for (Descriptor content : manifest.content()) {
                    blobs.check(content);
                    sizes.put(content.digest().hex(), content.size());
                }
                if (created.isEmpty()) {
                    created = tree.configuration(variant.manifest(), manifest).createdAt();
                }
                platforms.add(variant.platform());
            }
        } catch (ImageFormatException | CaissonException e) {
            logger.warn("image {} is damaged: {}", reference, e.getMessage());
            platforms.clear();
        }
        long size = 0;
        for (long part : sizes.values()) {
            size += part;
        }
        return new ImageRecord(reference, target, platforms, size, created);
    }

    @Override
    public void tag(ImageReference reference, Descriptor target) {
        Objects.requireNonNull(target, "target");
        if (reference.digest().isPresent() && !reference.digest().get().equals(target.digest())) {
            throw new CaissonException(
                    ErrorKind.INVALID_ARGUMENT, reference + " cannot name content with the digest " + target.digest());
        }
        if (blobs.size(target.digest()) != target.size()) {
            throw new CaissonException(
                    ErrorKind.INVALID_ARGUMENT,
                    reference + " cannot name " + target.digest() + " as content of " + target.size()
                            + " bytes: it has " + blobs.size(target.digest()));
        }
        references.update(all -> all.put(reference.toString(), target));
    }

    @Override
    public void remove(ImageReference reference) {
        references.update(all -> {
            if (all.remove(reference.toString()) == null) {
                throw unknown(reference);
            }
        });
    }

    /** The documents of one request, each read and checked once. */
    private final class CachedDocuments implements ImageTree.DocumentReader<RuntimeException> {
        private final Map<String, byte[]> documents = new HashMap<>();

        @Override
        public byte[] read(Descriptor document) {
            byte[] bytes = documents.get(document.digest().hex());
            if (bytes == null) {
                bytes = blobs.document(document, ImageTree.MAX_DOCUMENT);
                documents.put(document.digest().hex(), bytes);
            }
            return bytes;
        }
    }
}
