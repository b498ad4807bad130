package io.caisson.itest;

import static org.ops4j.pax.exam.CoreOptions.composite;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.ops4j.pax.exam.Option;

/** What a product that embeds Caisson sets: a home of its own and the images that come with the distribution. */
final class Embedded {
    private Embedded() {}

    static Option properties() {
        try {
            Path home = Files.createTempDirectory("caisson-itest-");
            return composite(
                    frameworkProperty("caisson.home").value(home.toString()),
                    frameworkProperty("caisson.images")
                            .value(Features.distribution().resolve("images").toString()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
