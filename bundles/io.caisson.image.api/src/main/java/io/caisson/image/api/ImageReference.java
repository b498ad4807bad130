package io.caisson.image.api;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of an image, normalised as Docker does: {@code busybox} is {@code docker.io/library/busybox:latest}. The
 * grammar is the distribution specification's (v1.1, "Pulling manifests") with a registry host before it.
 *
 * @param registry host and optional port
 * @param repository path below the registry
 * @param tag the tag; empty only when there is a digest
 * @param digest the digest, which decides when there is a tag as well
 */
public record ImageReference(String registry, String repository, Optional<String> tag, Optional<Digest> digest) {
    private static final String DEFAULT_REGISTRY = "docker.io";
    private static final String DEFAULT_TAG = "latest";
    private static final Pattern HOST = Pattern.compile(
            "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*"
                    + "|\\[[0-9a-fA-F:]+])(?::[0-9]{1,5})?");
    private static final Pattern REPOSITORY =
            Pattern.compile("[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*");
    private static final Pattern TAG = Pattern.compile("[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}");
    private static final Pattern TEXT = Pattern.compile("(?<name>[^@]*?)(?::(?<tag>[^:/@]*))?(?:@(?<digest>.*))?");

    /** Checks every part. */
    public ImageReference {
        Objects.requireNonNull(tag, "tag");
        Objects.requireNonNull(digest, "digest");
        if (!HOST.matcher(registry).matches()
                || repository.length() > 255
                || !REPOSITORY.matcher(repository).matches()
                || tag.filter(t -> !TAG.matcher(t).matches()).isPresent()
                || (tag.isEmpty() && digest.isEmpty())) {
            throw invalid(registry + "/" + repository + tag.map(t -> ":" + t).orElse(""));
        }
    }

    /**
     * Reads what people type.
     *
     * @throws CaissonException INVALID_ARGUMENT
     */
    public static ImageReference parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (text.length() > 1024 || !matcher.matches()) {
            throw invalid(text);
        }
        String name = Objects.requireNonNull(matcher.group("name"));
        Optional<Digest> digest = Optional.ofNullable(matcher.group("digest")).map(Digest::parse);
        Optional<String> tag = Optional.ofNullable(matcher.group("tag"));
        if (tag.isEmpty() && digest.isEmpty()) {
            tag = Optional.of(DEFAULT_TAG);
        }
        String registry = DEFAULT_REGISTRY;
        String repository = name;
        int slash = name.indexOf('/');
        if (slash > 0) {
            String first = name.substring(0, slash);
            if (first.contains(".") || first.contains(":") || first.startsWith("[") || first.equals("localhost")) {
                registry = first.equals("index.docker.io") ? DEFAULT_REGISTRY : first;
                repository = name.substring(slash + 1);
            }
        }
        if (registry.equals(DEFAULT_REGISTRY) && !repository.contains("/")) {
            repository = "library/" + repository;
        }
        try {
            return new ImageReference(registry, repository, tag, digest);
        } catch (CaissonException e) {
            throw invalid(text);
        }
    }

    private static CaissonException invalid(String text) {
        return new CaissonException(
                ErrorKind.INVALID_ARGUMENT,
                "not an image reference: '" + text
                        + "' (write [registry/]name[:tag][@digest], such as busybox or localhost:5000/team/app:1.2)");
    }

    /** As people write it: without the default registry and the {@code library/} before Docker's own images. */
    public String familiar() {
        String name = registry + "/" + repository;
        if (registry.equals(DEFAULT_REGISTRY)) {
            name = repository.startsWith("library/") ? repository.substring("library/".length()) : repository;
        }
        return name + suffix();
    }

    private String suffix() {
        return tag.map(t -> ":" + t).orElse("") + digest.map(d -> "@" + d).orElse("");
    }

    /** The whole reference, nothing left out. */
    @Override
    public String toString() {
        return registry + "/" + repository + suffix();
    }
}
