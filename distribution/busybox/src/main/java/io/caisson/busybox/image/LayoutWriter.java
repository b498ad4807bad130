package io.caisson.busybox.image;

import io.caisson.image.api.Descriptor;
import io.caisson.image.api.Digest;
import io.caisson.image.library.MediaTypes;
import io.caisson.json.library.JsonWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;

/** Writes an OCI layout with one image (image-spec v1.1, "Image Layout Specification"). */
final class LayoutWriter {
    private final Path directory;
    private final Path blobs;

    /** Begins a layout in a directory that does not exist. */
    LayoutWriter(Path directory) throws IOException {
        this.directory = directory;
        blobs = directory.resolve("blobs").resolve("sha256");
        Files.createDirectories(blobs);
    }

    Descriptor blob(String mediaType, byte[] content) throws IOException {
        try {
            var digest = new Digest(
                    "sha256",
                    HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(content)));
            Files.write(blobs.resolve(digest.hex()), content);
            return new Descriptor(mediaType, digest, content.length);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    Descriptor manifest(Descriptor config, Descriptor layer, Map<String, String> annotations) throws IOException {
        JsonWriter out = new JsonWriter()
                .object()
                .member("schemaVersion", 2)
                .member("mediaType", MediaTypes.MANIFEST)
                .object("config");
        members(out, config).end().array("layers").object();
        members(out, layer).end().end().member("annotations", annotations).end();
        return blob(MediaTypes.MANIFEST, out.bytes());
    }

    /** Ends the layout. */
    void finish(Descriptor manifest, String architecture, String name) throws IOException {
        JsonWriter out = new JsonWriter()
                .object()
                .member("schemaVersion", 2)
                .member("mediaType", MediaTypes.INDEX)
                .array("manifests")
                .object();
        members(out, manifest)
                .object("platform")
                .member("architecture", architecture)
                .member("os", "linux")
                .end()
                .object("annotations")
                .member("io.containerd.image.name", name)
                .member("org.opencontainers.image.ref.name", name)
                .end()
                .end()
                .end()
                .end();
        Files.write(directory.resolve("index.json"), out.bytes());
        Files.write(
                directory.resolve("oci-layout"),
                new JsonWriter()
                        .object()
                        .member("imageLayoutVersion", "1.0.0")
                        .end()
                        .bytes());
    }

    private static JsonWriter members(JsonWriter out, Descriptor descriptor) {
        return out.member("mediaType", descriptor.mediaType())
                .member("digest", descriptor.digest().toString())
                .member("size", descriptor.size());
    }
}
