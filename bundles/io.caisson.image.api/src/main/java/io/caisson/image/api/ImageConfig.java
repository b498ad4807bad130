package io.caisson.image.api;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * How to run an image: what Caisson uses of the image configuration (OCI image-spec v1.1, "OCI Image Configuration",
 * property {@code config}).
 *
 * @param entrypoint the command's beginning
 * @param command its default rest
 * @param env {@code NAME=value} each
 * @param workingDirectory absolute; {@code /} when the image names none
 * @param user as {@code USER} in a Dockerfile; empty: root
 * @param stopSignal by name or number
 * @param labels free properties
 */
public record ImageConfig(
        List<String> entrypoint,
        List<String> command,
        List<String> env,
        String workingDirectory,
        String user,
        Optional<String> stopSignal,
        Map<String, String> labels) {
    /** Copies the collections. */
    public ImageConfig {
        entrypoint = List.copyOf(entrypoint);
        command = List.copyOf(command);
        env = List.copyOf(env);
        Objects.requireNonNull(workingDirectory, "workingDirectory");
        Objects.requireNonNull(user, "user");
        Objects.requireNonNull(stopSignal, "stopSignal");
        labels = Map.copyOf(labels);
    }
}
