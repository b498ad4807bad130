package io.caisson.itest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** OCI layouts like the one the distribution ships, and what becomes of them in the wrong hands. */
final class Layouts {
    private static final Pattern DIGEST = Pattern.compile("\"digest\":\"sha256:([0-9a-f]{64})\",\"size\":([0-9]+)");

    private final Path directory;

    private Layouts(Path directory) {
        this.directory = directory;
    }

    /** The shipped layout again, with an image of this name. */
    static Layouts shipped(Path parent, String name) throws IOException {
        Path from = Features.distribution().resolve("images/busybox");
        Path to = parent.resolve(name);
        try (var files = Files.walk(from)) {
            files.forEach(file -> copy(file, to.resolve(from.relativize(file).toString())));
        }
        var layout = new Layouts(to);
        layout.write("index.json", layout.text("index.json").replace("docker.io/library/busybox:latest", name + ":1"));
        return layout;
    }

    private static void copy(Path from, Path to) {
        try {
            Files.copy(from, to);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path directory() {
        return directory;
    }

    String text(String file) throws IOException {
        return Files.readString(directory.resolve(file));
    }

    void write(String file, String text) throws IOException {
        Files.writeString(directory.resolve(file), text);
    }

    /** The file of the image's only layer. */
    Path layer() throws IOException {
        return blob(digest(text(manifest()), "\"layers\""));
    }

    private String manifest() throws IOException {
        return "blobs/sha256/" + digest(text("index.json"), "\"manifests\"");
    }

    private Path blob(String digest) {
        return directory.resolve("blobs/sha256").resolve(digest);
    }

    private static String digest(String json, String after) {
        Matcher matcher = DIGEST.matcher(json);
        if (!matcher.find(json.indexOf(after))) {
            throw new AssertionError("no digest after " + after + " in " + json);
        }
        return matcher.group(1);
    }

    /** Puts other bytes in the layer's place, everything above it in order. */
    Layouts withLayer(byte[] layer) throws IOException {
        String before = digest(text(manifest()), "\"layers\"");
        String after = store(layer);
        replaceBlob("\"config\"", config -> config.replace(before, after));
        replaceManifest(manifest -> redirect(manifest, before, after, layer.length));
        return this;
    }

    /** Says that the image is for another architecture, everything above in order. */
    Layouts forArchitecture(String architecture) throws IOException {
        String before = "\"architecture\":\"amd64\"";
        String after = "\"architecture\":\"" + architecture + "\"";
        replaceBlob("\"config\"", config -> config.replace(before, after));
        write("index.json", text("index.json").replace(before, after));
        return this;
    }

    private interface Edit {
        String apply(String json);
    }

    private void replaceBlob(String member, Edit edit) throws IOException {
        String before = digest(text(manifest()), member);
        byte[] changed = edit.apply(Files.readString(blob(before))).getBytes(StandardCharsets.UTF_8);
        String after = store(changed);
        replaceManifest(manifest -> redirect(manifest, before, after, changed.length));
    }

    private void replaceManifest(Edit edit) throws IOException {
        String before = digest(text("index.json"), "\"manifests\"");
        byte[] changed = edit.apply(text(manifest())).getBytes(StandardCharsets.UTF_8);
        write("index.json", redirect(text("index.json"), before, store(changed), changed.length));
    }

    private static String redirect(String json, String before, String after, long size) {
        return json.replaceAll(
                "\"sha256:" + before + "\",\"size\":[0-9]+", "\"sha256:" + after + "\",\"size\":" + size);
    }

    private String store(byte[] content) throws IOException {
        try {
            String digest = HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(content));
            Files.write(blob(digest), content);
            return digest;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A tar archive (POSIX.1-2017, pax, "ustar Interchange Format") of one file of four bytes. */
    static byte[] tar(String path) {
        byte[] header = new byte[512];
        put(header, 0, path);
        put(header, 100, "0000644\0");
        put(header, 108, "0000000\0");
        put(header, 116, "0000000\0");
        put(header, 124, "00000000004\0");
        put(header, 136, "00000000000\0");
        put(header, 148, "        ");
        put(header, 156, "0");
        put(header, 257, "ustar\00000");
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xff;
        }
        put(header, 148, "0%05o\0 ".formatted(sum));
        var archive = new ByteArrayOutputStream();
        archive.writeBytes(header);
        archive.writeBytes(Arrays.copyOf("evil".getBytes(StandardCharsets.US_ASCII), 512));
        archive.writeBytes(new byte[1024]);
        return archive.toByteArray();
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    /** The layout as a tar archive, made by tar(1). */
    Path archive() throws IOException, InterruptedException {
        Path file = directory.resolveSibling(directory.getFileName() + ".tar");
        int status = new ProcessBuilder("tar", "-C", directory.toString(), "-cf", file.toString(), ".")
                .inheritIO()
                .start()
                .waitFor();
        if (status != 0) {
            throw new AssertionError("tar ends with " + status);
        }
        return file;
    }
}
