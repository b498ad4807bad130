package io.caisson.image.library;

import io.caisson.image.api.Descriptor;
import io.caisson.image.api.Digest;
import io.caisson.json.library.JsonException;
import io.caisson.json.library.JsonObject;
import io.caisson.json.library.JsonWriter;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.Platform;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** Reads and writes the parts that several documents have in common. */
final class Members {
    private Members() {}

    /** OCI image-spec v1.1, "OCI Content Descriptors", section "Properties". */
    static Descriptor descriptor(JsonObject object) throws JsonException {
        String digest = object.requiredString("digest");
        long size = object.requiredNumber("size");
        String mediaType = object.requiredString("mediaType");
        if (size < 0) {
            throw object.failure("size", "negative");
        }
        try {
            return new Descriptor(mediaType, Digest.parse(digest), size, object.stringMap("annotations"));
        } catch (CaissonException e) {
            throw object.failure("digest", e.getMessage());
        }
    }

    static List<Descriptor> descriptors(JsonObject object, String name) throws JsonException {
        List<JsonObject> elements = object.objects(name);
        var descriptors = new ArrayList<Descriptor>(elements.size());
        for (JsonObject element : elements) {
            descriptors.add(descriptor(element));
        }
        return descriptors;
    }

    static void write(JsonWriter out, Descriptor descriptor) {
        out.member("mediaType", descriptor.mediaType())
                .member("digest", descriptor.digest().toString())
                .member("size", descriptor.size());
        if (!descriptor.annotations().isEmpty()) {
            out.member("annotations", new TreeMap<>(descriptor.annotations()));
        }
    }

    /** The platform an object names itself, as in a configuration and in an index's {@code platform}. */
    static Platform platform(JsonObject object) throws JsonException {
        String architecture = object.requiredString("architecture");
        String os = object.requiredString("os");
        try {
            return new Platform(os, architecture, object.string("variant").orElse(""));
        } catch (CaissonException e) {
            throw object.failure("architecture", e.getMessage());
        }
    }

    /**
     * Refuses what could be taken for two kinds of document (image-spec v1.1, "Image Manifest", on {@code mediaType};
     * CVE-2021-41190).
     */
    static void checkKind(JsonObject object, String expectedMediaType, String... foreign) throws JsonException {
        if (object.requiredNumber("schemaVersion") != 2) {
            throw object.failure("schemaVersion", "not 2");
        }
        Optional<String> mediaType = object.string("mediaType");
        if (mediaType.isPresent() && !mediaType.get().equals(expectedMediaType)) {
            throw object.failure(
                    "mediaType", Quote.of(mediaType.get()) + " in a document known as " + expectedMediaType);
        }
        for (String name : foreign) {
            if (object.has(name)) {
                throw object.failure(name, "belongs to another kind of document");
            }
        }
    }
}
