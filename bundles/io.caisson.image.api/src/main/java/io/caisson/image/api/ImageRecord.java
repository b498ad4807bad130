package io.caisson.image.api;

import io.caisson.service.api.Platform;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A reference in the store and what it names.
 *
 * @param reference the name
 * @param target the manifest or index
 * @param platforms the platforms it has content for
 * @param size the bytes of all blobs it needs that are in the store
 * @param created when the image was made, as its configuration says
 */
public record ImageRecord(
        ImageReference reference, Descriptor target, List<Platform> platforms, long size, Optional<Instant> created) {
    /** Copies the platforms. */
    public ImageRecord {
        Objects.requireNonNull(reference, "reference");
        Objects.requireNonNull(target, "target");
        platforms = List.copyOf(platforms);
        Objects.requireNonNull(created, "created");
    }
}
