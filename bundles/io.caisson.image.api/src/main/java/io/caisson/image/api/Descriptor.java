package io.caisson.image.api;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.util.Map;
import java.util.Objects;

/**
 * Names content by type, digest and size (OCI image-spec v1.1, "OCI Content Descriptors").
 *
 * @param mediaType what the content is
 * @param digest the digest of its bytes
 * @param size its length in bytes, at least 0
 * @param annotations further properties
 */
public record Descriptor(String mediaType, Digest digest, long size, Map<String, String> annotations) {
    /** Checks the size, copies the annotations. */
    public Descriptor {
        Objects.requireNonNull(mediaType, "mediaType");
        Objects.requireNonNull(digest, "digest");
        if (size < 0) {
            throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "negative size of " + digest + ": " + size);
        }
        annotations = Map.copyOf(annotations);
    }

    /** A descriptor without annotations. */
    public Descriptor(String mediaType, Digest digest, long size) {
        this(mediaType, digest, size, Map.of());
    }
}
