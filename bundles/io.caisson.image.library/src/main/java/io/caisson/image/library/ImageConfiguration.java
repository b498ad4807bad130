package io.caisson.image.library;

import io.caisson.image.api.Descriptor;
import io.caisson.image.api.ImageConfig;
import io.caisson.json.library.JsonException;
import io.caisson.json.library.JsonObject;
import io.caisson.service.api.Platform;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * An image's configuration (OCI image-spec v1.1, "OCI Image Configuration").
 *
 * @param platform what it runs on
 * @param config how to run it
 * @param created when it was made, as written; see {@link #createdAt}
 * @param layers how many layers it knows of ({@code rootfs.diff_ids})
 */
public record ImageConfiguration(Platform platform, ImageConfig config, Optional<String> created, int layers) {
    /** Checks that every part is there. */
    public ImageConfiguration {
        Objects.requireNonNull(platform, "platform");
        Objects.requireNonNull(config, "config");
        Objects.requireNonNull(created, "created");
    }

    /**
     * Reads a configuration.
     *
     * @param self what the bytes are known as
     * @param bytes the document, checked against its digest
     */
    public static ImageConfiguration read(Descriptor self, byte[] bytes) throws ImageFormatException {
        try {
            JsonObject object = JsonObject.read(bytes);
            Optional<JsonObject> config = object.object("config");
            Optional<JsonObject> rootfs = object.object("rootfs");
            return new ImageConfiguration(
                    Members.platform(object),
                    config.isPresent()
                            ? config(config.get())
                            : ImageConfig.builder().build(),
                    object.string("created"),
                    rootfs.isPresent() ? rootfs.get().strings("diff_ids").size() : 0);
        } catch (JsonException e) {
            throw new ImageFormatException("image configuration", self.digest(), e);
        }
    }

    private static ImageConfig config(JsonObject object) throws JsonException {
        ImageConfig.Builder builder = ImageConfig.builder()
                .entrypoint(words(object, "Entrypoint"))
                .command(words(object, "Cmd"))
                .env(environment(object))
                .workingDirectory(word(object, "WorkingDir"))
                .user(word(object, "User"))
                .labels(object.stringMap("Labels"));
        String stopSignal = word(object, "StopSignal");
        if (!stopSignal.isEmpty()) {
            builder.stopSignal(stopSignal);
        }
        return builder.build();
    }

    private static List<String> environment(JsonObject object) throws JsonException {
        List<String> env = words(object, "Env");
        for (String variable : env) {
            if (variable.indexOf('=') < 1) {
                throw object.failure("Env", Quote.of(variable) + " is not NAME=value");
            }
        }
        return env;
    }

    private static List<String> words(JsonObject object, String name) throws JsonException {
        List<String> words = object.strings(name);
        for (String word : words) {
            check(object, name, word);
        }
        return words;
    }

    private static String word(JsonObject object, String name) throws JsonException {
        String word = object.string(name).orElse("");
        check(object, name, word);
        return word;
    }

    /** What ends up in the arguments of a system call cannot hold a zero byte. */
    private static void check(JsonObject object, String name, String word) throws JsonException {
        if (word.indexOf('\0') >= 0) {
            throw object.failure(name, "zero character");
        }
    }

    /** When the image was made; empty when its configuration does not say so in RFC 3339. */
    public Optional<Instant> createdAt() {
        try {
            return created.map(text -> OffsetDateTime.parse(text).toInstant());
        } catch (DateTimeException e) {
            // Shown to people and decided upon by nobody, so an odd date is no reason to refuse an image.
            return Optional.empty();
        }
    }
}
