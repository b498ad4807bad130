package io.caisson.image.testkit;

import io.caisson.image.api.ContentStore;
import io.caisson.image.api.Descriptor;
import io.caisson.image.api.Digest;
import io.caisson.image.library.MediaTypes;
import io.caisson.json.library.JsonWriter;
import io.caisson.service.api.Platform;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An image or index of images made for a test: a root and the blobs below it, leaves first. Immutable. The layers'
 * content is whatever it is given; nothing here unpacks it.
 */
public final class SampleImage {
    /** {@code created} of every sample's configuration. */
    public static final String CREATED = "2026-01-02T03:04:05.678Z";

    private final Descriptor root;
    private final Platform platform;
    private final Map<Descriptor, byte[]> blobs;

    private SampleImage(Descriptor root, Platform platform, Map<Descriptor, byte[]> blobs) {
        this.root = root;
        this.platform = platform;
        this.blobs = new LinkedHashMap<>(blobs);
    }

    /** An OCI image for a platform with a layer for each text. */
    public static SampleImage of(Platform platform, String... layers) {
        return make(platform, MediaTypes.MANIFEST, MediaTypes.CONFIG, MediaTypes.LAYER, layers);
    }

    /** The same in Docker's form. */
    public static SampleImage docker(Platform platform, String... layers) {
        return make(
                platform,
                "application/vnd.docker.distribution.manifest.v2+json",
                "application/vnd.docker.container.image.v1+json",
                "application/vnd.docker.image.rootfs.diff.tar.gzip",
                layers);
    }

    /** An OCI manifest of something else than a container image. */
    public static SampleImage artifact(String content) {
        return make(
                Platform.linux("amd64"),
                MediaTypes.MANIFEST,
                "application/vnd.example.thing",
                MediaTypes.LAYER,
                content);
    }

    private static SampleImage make(
            Platform platform, String manifestType, String configType, String layerType, String... layers) {
        var blobs = new LinkedHashMap<Descriptor, byte[]>();
        var descriptors = new ArrayList<Descriptor>();
        var digests = new ArrayList<String>();
        for (String layer : layers) {
            Descriptor descriptor = add(blobs, layerType, layer);
            descriptors.add(descriptor);
            digests.add(descriptor.digest().toString());
        }
        JsonWriter config = new JsonWriter()
                .object()
                .member("created", CREATED)
                .member("architecture", platform.architecture())
                .member("os", platform.os());
        if (!platform.variant().isEmpty()) {
            config.member("variant", platform.variant());
        }
        config.object("config")
                .member("Entrypoint", List.of("/bin/entry"))
                .member("Cmd", List.of("sh", "-c", "exit 7"))
                .member("Env", List.of("PATH=/bin", "EMPTY="))
                .member("WorkingDir", "work")
                .member("User", "1000:1000")
                .member("StopSignal", "SIGINT")
                .member("Labels", Map.of("a", "b"))
                .member("UnknownMember", true)
                .end()
                .object("rootfs")
                .member("type", "layers")
                .member("diff_ids", digests)
                .end()
                .end();
        Descriptor configDescriptor = add(blobs, configType, config.toString());
        return new SampleImage(
                add(blobs, manifestType, manifest(manifestType, configDescriptor, descriptors)), platform, blobs);
    }

    /** A manifest's document. */
    public static String manifest(String mediaType, Descriptor config, List<Descriptor> layers) {
        JsonWriter out = new JsonWriter()
                .object()
                .member("schemaVersion", 2)
                .member("mediaType", mediaType)
                .object("config");
        members(out, config).end().array("layers");
        layers.forEach(layer -> members(out.object(), layer).end());
        return out.end().member("unknownMember", "kept").end().toString();
    }

    /** An index of images. */
    public static SampleImage index(SampleImage... images) {
        var blobs = new LinkedHashMap<Descriptor, byte[]>();
        JsonWriter out = new JsonWriter()
                .object()
                .member("schemaVersion", 2)
                .member("mediaType", MediaTypes.INDEX)
                .array("manifests");
        for (SampleImage image : images) {
            blobs.putAll(image.blobs);
            members(out.object(), image.root);
            if (!MediaTypes.isIndex(image.root.mediaType())) {
                out.object("platform")
                        .member("architecture", image.platform.architecture())
                        .member("os", image.platform.os());
                if (!image.platform.variant().isEmpty()) {
                    out.member("variant", image.platform.variant());
                }
                out.end();
            }
            out.end();
        }
        Descriptor root = add(blobs, MediaTypes.INDEX, out.end().end().toString());
        return new SampleImage(root, images.length == 0 ? Platform.host() : images[0].platform, blobs);
    }

    /** An image with a root document of one's own, over the blobs of others. */
    public static SampleImage withRoot(String mediaType, String document, SampleImage... below) {
        var blobs = new LinkedHashMap<Descriptor, byte[]>();
        for (SampleImage image : below) {
            blobs.putAll(image.blobs);
        }
        return new SampleImage(add(blobs, mediaType, document), Platform.host(), blobs);
    }

    private static JsonWriter members(JsonWriter out, Descriptor descriptor) {
        return out.member("mediaType", descriptor.mediaType())
                .member("digest", descriptor.digest().toString())
                .member("size", descriptor.size());
    }

    private static Descriptor add(Map<Descriptor, byte[]> blobs, String mediaType, String content) {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        var descriptor = new Descriptor(mediaType, digest(bytes), bytes.length);
        blobs.put(descriptor, bytes);
        return descriptor;
    }

    /** The sha256 digest of some bytes. */
    public static Digest digest(byte[] bytes) {
        try {
            return new Digest(
                    "sha256",
                    HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Its manifest or index. */
    public Descriptor root() {
        return root;
    }

    /** All blobs, leaves first, the root last. */
    public List<Descriptor> blobs() {
        return List.copyOf(blobs.keySet());
    }

    /** A blob's bytes. */
    public byte[] content(Descriptor blob) {
        byte[] bytes = blobs.get(blob);
        if (bytes == null) {
            throw new IllegalArgumentException("no blob " + blob.digest());
        }
        return bytes.clone();
    }

    /** The bytes of all blobs together. */
    public long size() {
        long size = 0;
        for (Descriptor blob : blobs.keySet()) {
            size += blob.size();
        }
        return size;
    }

    /** The first blob of a media type that contains a text, such as {@code config} or {@code layer}. */
    public Descriptor blob(String mediaTypePart) {
        for (Descriptor blob : blobs.keySet()) {
            if (blob.mediaType().contains(mediaTypePart)) {
                return blob;
            }
        }
        throw new IllegalArgumentException("no blob of a type like " + mediaTypePart);
    }

    /** The same image without one of its blobs. */
    public SampleImage without(Descriptor blob) {
        var fewer = new LinkedHashMap<>(blobs);
        fewer.remove(blob);
        return new SampleImage(root, platform, fewer);
    }

    /** The same image with other bytes in place of a blob's. */
    public SampleImage damaged(Descriptor blob, byte[] bytes) {
        var other = new LinkedHashMap<>(blobs);
        other.put(blob, bytes);
        return new SampleImage(root, platform, other);
    }

    /** Takes all blobs into a store. */
    public void ingestInto(ContentStore store) throws IOException, InterruptedException {
        for (Map.Entry<Descriptor, byte[]> blob : blobs.entrySet()) {
            store.ingest(blob.getKey(), new ByteArrayInputStream(blob.getValue()));
        }
    }

    /**
     * Writes an OCI layout of several images.
     *
     * @param annotations those of each image's entry in {@code index.json}
     */
    public static void writeLayout(Path directory, Map<SampleImage, Map<String, String>> annotations)
            throws IOException {
        Files.createDirectories(directory.resolve("blobs/sha256"));
        Files.writeString(directory.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
        JsonWriter index = new JsonWriter().object().member("schemaVersion", 2).array("manifests");
        for (Map.Entry<SampleImage, Map<String, String>> entry : annotations.entrySet()) {
            SampleImage image = entry.getKey();
            for (Map.Entry<Descriptor, byte[]> blob : image.blobs.entrySet()) {
                Files.write(
                        directory.resolve(
                                "blobs/sha256/" + blob.getKey().digest().hex()),
                        blob.getValue());
            }
            members(index.object(), image.root)
                    .member("annotations", entry.getValue())
                    .end();
        }
        Files.write(directory.resolve("index.json"), index.end().end().bytes());
    }

    /** Writes an OCI layout of one image with a name. */
    public void writeLayout(Path directory, String name) throws IOException {
        writeLayout(directory, Map.of(this, Map.of("io.containerd.image.name", name)));
    }
}
