package io.caisson.itest;

import static org.ops4j.pax.exam.CoreOptions.composite;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;
import static org.ops4j.pax.exam.CoreOptions.junitBundles;
import static org.ops4j.pax.exam.CoreOptions.options;

import java.nio.file.Path;
import org.ops4j.pax.exam.Option;

/**
 * What a product that embeds Caisson installs and sets: the features, a home of its own and the images that come with
 * the distribution.
 */
final class Embedded {
    private Embedded() {}

    /** The features, without the shell, with a home that is the test's own below {@code target/}. */
    static Option[] features(Class<?> test) {
        return options(
                properties(Path.of("target", "home-" + test.getSimpleName()).toAbsolutePath()),
                composite(Features.install("caisson-runtime", "caisson-containers")),
                junitBundles());
    }

    private static Option properties(Path home) {
        return composite(
                frameworkProperty("caisson.home").value(home.toString()),
                frameworkProperty("caisson.images")
                        .value(Features.distribution().resolve("images").toString()),
                // Pax Exam's own log tells of every bundle and service otherwise.
                frameworkProperty("org.ops4j.pax.logging.DefaultServiceLog.level")
                        .value("WARN"));
    }
}
