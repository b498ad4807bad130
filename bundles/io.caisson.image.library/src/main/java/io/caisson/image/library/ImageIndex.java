package io.caisson.image.library;

import io.caisson.image.api.Descriptor;
import io.caisson.json.library.JsonException;
import io.caisson.json.library.JsonObject;
import io.caisson.service.api.Platform;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * An index of manifests (OCI image-spec v1.1, "OCI Image Index"; Docker schema 2 manifest list). Members that have no
 * use here are passed over: the bytes are what is kept.
 *
 * @param entries in the document's order, the best first
 */
public record ImageIndex(List<Entry> entries) {
    /** Copies the entries. */
    public ImageIndex {
        entries = List.copyOf(entries);
    }

    /**
     * One entry.
     *
     * @param descriptor the manifest or index it names
     * @param platform what it says it is for; empty when it does not say
     */
    public record Entry(Descriptor descriptor, Optional<Platform> platform) {
        /** Checks that both parts are there. */
        public Entry {
            Objects.requireNonNull(descriptor, "descriptor");
            Objects.requireNonNull(platform, "platform");
        }
    }

    /**
     * Reads an index.
     *
     * @param self what the bytes are known as
     * @param bytes the document, checked against its digest
     */
    public static ImageIndex read(Descriptor self, byte[] bytes) throws ImageFormatException {
        try {
            return read(JsonObject.read(bytes), self.mediaType());
        } catch (JsonException e) {
            throw new ImageFormatException("image index", self.digest(), e);
        }
    }

    /** Reads the {@code index.json} of a layout, which no digest names. */
    public static ImageIndex read(byte[] bytes) throws JsonException {
        return read(JsonObject.read(bytes), MediaTypes.INDEX);
    }

    private static ImageIndex read(JsonObject object, String mediaType) throws JsonException {
        Members.checkKind(object, mediaType, "config", "layers", "fsLayers");
        var entries = new ArrayList<Entry>();
        for (JsonObject element : object.objects("manifests")) {
            Optional<JsonObject> platform = element.object("platform");
            entries.add(new Entry(
                    Members.descriptor(element),
                    platform.isPresent() ? Optional.of(Members.platform(platform.get())) : Optional.empty()));
        }
        return new ImageIndex(entries);
    }
}
