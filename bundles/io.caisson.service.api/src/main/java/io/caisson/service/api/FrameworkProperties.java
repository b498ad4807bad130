package io.caisson.service.api;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The framework properties that a host of Caisson sets, read with {@code BundleContext.getProperty}. The launcher sets
 * them all; a product that embeds Caisson sets at least {@link #HOME}.
 */
public final class FrameworkProperties {
    /** Where everything that lasts is kept: an absolute path. Environment variable: {@code CAISSON_HOME}. */
    public static final String HOME = "caisson.home";

    /** A directory of OCI layouts, one for each image that ships with the product; absent: none. */
    public static final String IMAGES = "caisson.images";

    private FrameworkProperties() {}

    /**
     * The home directory, from the value of {@link #HOME}.
     *
     * @throws CaissonException INVALID_ARGUMENT when it is not set or not absolute
     */
    public static Path home(@Nullable String value) {
        if (value == null || !Path.of(value).isAbsolute()) {
            throw new CaissonException(
                    ErrorKind.INVALID_ARGUMENT,
                    "framework property " + HOME + " must be an absolute path, not "
                            + (value == null ? "absent" : "'" + value + "'"));
        }
        return Path.of(value);
    }
}
