package io.caisson.image.library;

import io.caisson.image.api.Descriptor;
import io.caisson.json.library.JsonException;
import io.caisson.json.library.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The manifest of one image or artefact (OCI image-spec v1.1, "OCI Image Manifest"; Docker "Image Manifest V 2,
 * Schema 2").
 *
 * @param config its configuration
 * @param layers its layers, lowest first
 */
public record ImageManifest(Descriptor config, List<Descriptor> layers) {
    /** Copies the layers. */
    public ImageManifest {
        Objects.requireNonNull(config, "config");
        layers = List.copyOf(layers);
    }

    /**
     * Reads a manifest.
     *
     * @param self what the bytes are known as
     * @param bytes the document, checked against its digest
     */
    public static ImageManifest read(Descriptor self, byte[] bytes) throws ImageFormatException {
        try {
            JsonObject object = JsonObject.read(bytes);
            Members.checkKind(object, self.mediaType(), "manifests", "fsLayers");
            return new ImageManifest(
                    Members.descriptor(object.requiredObject("config")), Members.descriptors(object, "layers"));
        } catch (JsonException e) {
            throw new ImageFormatException("image manifest", self.digest(), e);
        }
    }

    /** Everything the manifest names: the configuration, then the layers. */
    public List<Descriptor> content() {
        var content = new ArrayList<Descriptor>(layers.size() + 1);
        content.add(config);
        content.addAll(layers);
        return content;
    }
}
