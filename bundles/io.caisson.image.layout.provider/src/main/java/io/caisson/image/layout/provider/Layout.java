package io.caisson.image.layout.provider;

import io.caisson.image.api.Descriptor;
import io.caisson.image.api.Digest;
import io.caisson.image.library.ImageIndex;
import io.caisson.image.library.ImageTree;
import io.caisson.image.library.Quote;
import io.caisson.json.library.JsonException;
import io.caisson.json.library.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.util.OptionalLong;

/**
 * An OCI image layout (image-spec v1.1, "Image Layout Specification"): {@code oci-layout}, {@code index.json} and
 * {@code blobs/<algorithm>/<hex>}.
 */
final class Layout {
    static final String MARKER = "oci-layout";
    private static final String INDEX = "index.json";
    private static final String DOCKER_MARKER = "manifest.json";
    private static final String VERSION = "1.0.0";

    private final LayoutFiles files;

    Layout(LayoutFiles files) {
        this.files = files;
    }

    /** The index of all that is in the layout, once the layout says that it is one. */
    ImageIndex index() throws IOException {
        if (files.size(MARKER).isEmpty()) {
            boolean docker = files.size(DOCKER_MARKER).isPresent();
            throw new LayoutException(
                    docker
                            ? "a docker archive without an OCI layout (skopeo copy docker-archive:FILE oci-archive:OTHER"
                                    + " makes one of it)"
                            : "no OCI layout: the file " + MARKER + " is missing");
        }
        String version;
        try {
            version = JsonObject.read(document(MARKER)).requiredString("imageLayoutVersion");
        } catch (JsonException e) {
            throw new LayoutException(MARKER + ": " + e.getMessage(), e);
        }
        if (!version.equals(VERSION)) {
            throw new LayoutException(
                    MARKER + ": layout version " + Quote.of(version) + " is not supported, only " + VERSION);
        }
        try {
            return ImageIndex.read(document(INDEX));
        } catch (JsonException e) {
            throw new LayoutException(INDEX + ": " + e.getMessage(), e);
        }
    }

    /** Whether a blob is there; a layout may leave out what is to be found elsewhere. */
    boolean has(Digest digest) throws IOException {
        return files.size(path(digest)).isPresent();
    }

    /**
     * Checks what can be checked of a blob without reading it.
     *
     * @throws LayoutException it is missing or has another size
     */
    void check(Descriptor blob) throws IOException {
        OptionalLong size = files.size(path(blob.digest()));
        if (size.isEmpty()) {
            throw new LayoutException("blob " + blob.digest() + " (" + Quote.of(blob.mediaType()) + ") is missing");
        }
        if (size.getAsLong() != blob.size()) {
            throw new LayoutException(
                    "blob " + blob.digest() + " has " + size.getAsLong() + " bytes instead of " + blob.size());
        }
    }

    /** Reads a blob; its bytes are not checked here. */
    InputStream open(Descriptor blob) throws IOException {
        return files.open(path(blob.digest()));
    }

    private static String path(Digest digest) {
        // Both parts were checked, so this cannot lead anywhere else.
        return "blobs/" + digest.algorithm() + "/" + digest.hex();
    }

    private byte[] document(String path) throws IOException {
        OptionalLong size = files.size(path);
        if (size.isEmpty()) {
            throw new LayoutException(path + " is missing");
        }
        try (InputStream in = files.open(path)) {
            byte[] bytes = in.readNBytes(ImageTree.MAX_DOCUMENT + 1);
            if (bytes.length > ImageTree.MAX_DOCUMENT) {
                throw new LayoutException(path + " is longer than " + ImageTree.MAX_DOCUMENT + " bytes");
            }
            return bytes;
        }
    }
}
