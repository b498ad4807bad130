package io.caisson.image.api;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.util.Objects;
import java.util.Optional;

/**
 * The name of an image, normalised as Docker does: {@code busybox} is {@code docker.io/library/busybox:latest}. The
 * grammar is the distribution specification's (v1.1, "Pulling manifests") with a registry host before it.
 *
 * @param registry host and optional port; an IPv6 address stands in brackets
 * @param repository path below the registry
 * @param tag the tag; empty only when there is a digest
 * @param digest the digest, which decides when there is a tag as well
 */
public record ImageReference(String registry, String repository, Optional<String> tag, Optional<Digest> digest) {
    private static final String DEFAULT_REGISTRY = "docker.io";
    private static final String DEFAULT_REGISTRY_OLD = "index.docker.io";
    private static final String DEFAULT_PREFIX = "library/";
    private static final String DEFAULT_TAG = "latest";

    /** Normalises the default registry and its names without a path, and checks every part. */
    public ImageReference {
        Objects.requireNonNull(tag, "tag");
        Objects.requireNonNull(digest, "digest");
        if (registry.equals(DEFAULT_REGISTRY_OLD)) {
            registry = DEFAULT_REGISTRY;
        }
        if (registry.equals(DEFAULT_REGISTRY) && repository.indexOf('/') < 0) {
            repository = DEFAULT_PREFIX.concat(repository);
        }
        if (!fits(registry, repository, tag) || (tag.isEmpty() && digest.isEmpty())) {
            throw invalid(registry + "/" + repository + (tag.isPresent() ? ":" + tag.get() : ""));
        }
    }

    private static boolean fits(String registry, String repository, Optional<String> tag) {
        return ReferenceGrammar.isRegistry(registry)
                && ReferenceGrammar.isRepository(repository)
                && (tag.isEmpty() || ReferenceGrammar.isTag(tag.get()));
    }

    /**
     * Reads what people type.
     *
     * @throws CaissonException INVALID_ARGUMENT; UNSUPPORTED for a digest of an unknown algorithm
     */
    public static ImageReference parse(String text) {
        int at = text.indexOf('@');
        String name = at < 0 ? text : text.substring(0, at);
        Optional<Digest> digest = at < 0 ? Optional.empty() : Optional.of(Digest.parse(text.substring(at + 1)));
        Optional<String> tag = digest.isPresent() ? Optional.empty() : Optional.of(DEFAULT_TAG);
        int colon = name.lastIndexOf(':');
        // A colon before a slash is a port's.
        if (colon >= 0 && name.indexOf('/', colon) < 0) {
            tag = Optional.of(name.substring(colon + 1));
            name = name.substring(0, colon);
        }
        String registry = DEFAULT_REGISTRY;
        String repository = name;
        int slash = name.indexOf('/');
        if (slash > 0 && isHost(name.substring(0, slash))) {
            registry = name.substring(0, slash);
            repository = name.substring(slash + 1);
        }
        if (!fits(registry, repository, tag)) {
            throw invalid(text);
        }
        return new ImageReference(registry, repository, tag, digest);
    }

    /** Whether what stands before the first slash is a host; else it belongs to a path on the default registry. */
    private static boolean isHost(String first) {
        if (first.indexOf('.') >= 0 || first.indexOf(':') >= 0 || first.equals("localhost")) {
            return true;
        }
        for (int i = 0; i < first.length(); i++) {
            // Repositories have no capitals, host names may.
            if (Character.isUpperCase(first.charAt(i))) {
                return true;
            }
        }
        return false;
    }

    private static CaissonException invalid(String text) {
        return new CaissonException(
                ErrorKind.INVALID_ARGUMENT,
                "not an image reference: " + Quoted.of(text)
                        + " (write [registry/]name[:tag][@digest], such as busybox or localhost:5000/team/app:1.2)");
    }

    /** As people write it: without the default registry and the {@code library/} before Docker's own images. */
    public String familiar() {
        if (!registry.equals(DEFAULT_REGISTRY)) {
            return toString();
        }
        int slash = repository.indexOf('/');
        if (repository.startsWith(DEFAULT_PREFIX) && repository.indexOf('/', slash + 1) < 0) {
            return withSuffix(new StringBuilder(repository.substring(DEFAULT_PREFIX.length())));
        }
        // A path that begins like a host name would be read as one.
        return isHost(repository.substring(0, slash)) ? toString() : withSuffix(new StringBuilder(repository));
    }

    private String withSuffix(StringBuilder name) {
        if (tag.isPresent()) {
            name.append(':').append(tag.get());
        }
        if (digest.isPresent()) {
            name.append('@').append(digest.get());
        }
        return name.toString();
    }

    /** The whole reference, nothing left out. */
    @Override
    public String toString() {
        return withSuffix(new StringBuilder(registry).append('/').append(repository));
    }
}
