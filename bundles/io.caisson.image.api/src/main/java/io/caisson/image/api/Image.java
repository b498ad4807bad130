package io.caisson.image.api;

import io.caisson.service.api.Platform;
import java.util.List;
import java.util.Objects;

/**
 * One image for one platform, its blobs all in the store.
 *
 * @param reference what it was asked for as
 * @param manifest its manifest
 * @param platform the platform it is for
 * @param config how to run it
 * @param layers its layers, lowest first
 */
public record Image(
        ImageReference reference, Descriptor manifest, Platform platform, ImageConfig config, List<Descriptor> layers) {
    /** Copies the layers. */
    public Image {
        Objects.requireNonNull(reference, "reference");
        Objects.requireNonNull(manifest, "manifest");
        Objects.requireNonNull(platform, "platform");
        Objects.requireNonNull(config, "config");
        layers = List.copyOf(layers);
    }
}
