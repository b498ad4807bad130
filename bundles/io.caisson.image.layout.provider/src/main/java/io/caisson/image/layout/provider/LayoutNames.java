package io.caisson.image.layout.provider;

import io.caisson.image.api.Descriptor;
import io.caisson.image.api.ImageReference;
import io.caisson.service.api.CaissonException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * What the images of a layout are called. In this order: the annotation {@code io.containerd.image.name}, a whole
 * reference; {@code org.opencontainers.image.ref.name} (image-spec v1.1, "Pre-Defined Annotation Keys"), when it is a
 * whole reference; else a name on {@code localhost}, because nothing says where the image is from: the file's name with
 * {@code ref.name} as tag, or with the beginning of the digest when there is none.
 */
final class LayoutNames {
    private static final String CONTAINERD_NAME = "io.containerd.image.name";
    private static final String REF_NAME = "org.opencontainers.image.ref.name";
    private static final int DIGEST_CHARACTERS = 12;
    private static final int MAX_FILE_NAME = 200;

    private LayoutNames() {}

    /** The name an image gives itself; empty when it gives none. */
    static Optional<ImageReference> given(Descriptor image) throws LayoutException {
        String whole = image.annotations().get(CONTAINERD_NAME);
        if (whole != null) {
            return Optional.of(parse(CONTAINERD_NAME, whole));
        }
        String refName = image.annotations().get(REF_NAME);
        return refName != null && isWhole(refName) ? Optional.of(parse(REF_NAME, refName)) : Optional.empty();
    }

    /** The name for an image of a layout in a file or directory. */
    static ImageReference of(Descriptor image, Path source) throws LayoutException {
        Optional<ImageReference> given = given(image);
        if (given.isPresent()) {
            return given.get();
        }
        String refName = image.annotations().get(REF_NAME);
        String tag = refName == null ? image.digest().hex().substring(0, DIGEST_CHARACTERS) : refName;
        return parse(REF_NAME, "localhost/" + repository(source) + ":" + tag);
    }

    private static boolean isWhole(String refName) {
        return refName.indexOf('/') >= 0 || refName.indexOf(':') >= 0;
    }

    private static ImageReference parse(String annotation, String name) throws LayoutException {
        try {
            return ImageReference.parse(name);
        } catch (CaissonException e) {
            throw new LayoutException("index.json: annotation " + annotation + " is " + e.getMessage());
        }
    }

    /** A repository's name from a file's: in lower case, every run of other characters a hyphen. */
    private static String repository(Path source) {
        Path last = source.toAbsolutePath().normalize().getFileName();
        String name = last == null ? "" : last.toString().toLowerCase(Locale.ROOT);
        for (String ending : new String[] {".gz", ".tgz", ".tar"}) {
            name = name.endsWith(ending) ? name.substring(0, name.length() - ending.length()) : name;
        }
        var repository = new StringBuilder();
        for (int i = 0; i < Math.min(name.length(), MAX_FILE_NAME); i++) {
            char c = name.charAt(i);
            if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
                repository.append(c);
            } else if (!repository.isEmpty() && repository.charAt(repository.length() - 1) != '-') {
                repository.append('-');
            }
        }
        while (!repository.isEmpty() && repository.charAt(repository.length() - 1) == '-') {
            repository.setLength(repository.length() - 1);
        }
        return repository.isEmpty() ? "image" : repository.toString();
    }
}
