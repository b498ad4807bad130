package io.caisson.image.library;

import io.caisson.image.api.Descriptor;
import io.caisson.service.api.Platform;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What a reference names, from the index or manifest at its root down. Reads one document at a time through the reader
 * it is given, and none that the question does not need.
 *
 * @param <X> what the reader throws
 */
public final class ImageTree<X extends Exception> {
    /** A document larger than this is refused; registries refuse it as well (distribution-spec v1.1, "Pushing Manifests"). */
    public static final int MAX_DOCUMENT = 4 << 20;

    /** An index may list indexes; nobody nests them deeper than once or twice. */
    private static final int MAX_DEPTH = 4;

    private final DocumentReader<X> reader;

    /** A tree over documents from anywhere. */
    public ImageTree(DocumentReader<X> reader) {
        this.reader = Objects.requireNonNull(reader, "reader");
    }

    /**
     * Brings the bytes of a document.
     *
     * @param <X> what it throws when it cannot
     */
    @FunctionalInterface
    public interface DocumentReader<X extends Exception> {
        /** The whole document, of exactly the size and digest the descriptor says, at most {@link #MAX_DOCUMENT}. */
        byte[] read(Descriptor document) throws X;
    }

    /**
     * One image of a tree.
     *
     * @param manifest its manifest
     * @param platform what it is for, by the index or else by its configuration
     */
    public record Variant(Descriptor manifest, Platform platform) {
        /** Checks that both parts are there. */
        public Variant {
            Objects.requireNonNull(manifest, "manifest");
            Objects.requireNonNull(platform, "platform");
        }
    }

    /** The manifest's document. */
    public ImageManifest manifest(Descriptor manifest) throws X, ImageFormatException {
        return ImageManifest.read(manifest, reader.read(manifest));
    }

    /** The index's document. */
    public ImageIndex index(Descriptor index) throws X, ImageFormatException {
        return ImageIndex.read(index, reader.read(index));
    }

    /**
     * The configuration of a manifest.
     *
     * @throws ImageFormatException also when the manifest is not a container image's, or has another number of layers
     */
    public ImageConfiguration configuration(Descriptor self, ImageManifest manifest) throws X, ImageFormatException {
        Descriptor config = manifest.config();
        if (!MediaTypes.isImageConfig(config.mediaType())) {
            throw new ImageFormatException(
                    "image manifest",
                    self.digest(),
                    "not a container image: its configuration is " + Quote.of(config.mediaType()));
        }
        ImageConfiguration configuration = ImageConfiguration.read(config, reader.read(config));
        if (configuration.layers() != manifest.layers().size()) {
            throw new ImageFormatException(
                    "image manifest",
                    self.digest(),
                    manifest.layers().size() + " layers, but its configuration counts " + configuration.layers());
        }
        return configuration;
    }

    /** All images below a manifest or index, in its order; attestations and other artefacts are left out. */
    public List<Variant> variants(Descriptor root) throws X, ImageFormatException {
        var variants = new ArrayList<Variant>();
        collect(root, Optional.empty(), 0, variants, new HashSet<>());
        return variants;
    }

    /** The best of some variants for a platform; empty when none suits. */
    public static Optional<Variant> choose(List<Variant> variants, Platform wanted) {
        var platforms = new ArrayList<Platform>(variants.size());
        for (Variant variant : variants) {
            platforms.add(variant.platform());
        }
        OptionalInt best = PlatformChoice.best(platforms, wanted);
        return best.isEmpty() ? Optional.empty() : Optional.of(variants.get(best.getAsInt()));
    }

    private void collect(
            Descriptor node, Optional<Platform> platform, int depth, List<Variant> variants, Set<String> visited)
            throws X, ImageFormatException {
        if (!visited.add(node.digest().hex())) {
            return;
        }
        if (MediaTypes.isIndex(node.mediaType())) {
            if (depth == MAX_DEPTH) {
                throw new ImageFormatException("image index", node.digest(), "nested more than " + MAX_DEPTH + " deep");
            }
            for (ImageIndex.Entry entry : index(node).entries()) {
                collect(entry.descriptor(), entry.platform(), depth + 1, variants, visited);
            }
        } else if (MediaTypes.isManifest(node.mediaType())) {
            Platform known = platform.isPresent() ? platform.get() : ownPlatform(node);
            // Build tools list attestations beside the images, for the platform unknown/unknown.
            if (!known.os().equals("unknown")) {
                variants.add(new Variant(node, known));
            }
        } else if (depth == 0) {
            throw new ImageFormatException(
                    "content", node.digest(), "no image: its media type is " + Quote.of(node.mediaType()));
        }
    }

    private Platform ownPlatform(Descriptor manifest) throws X, ImageFormatException {
        return configuration(manifest, manifest(manifest)).platform();
    }
}
