package io.caisson.itest;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.ops4j.pax.exam.CoreOptions;
import org.ops4j.pax.exam.Option;

/** The distribution's features as Pax Exam options: what an embedder does without Caisson's launcher. */
final class Features {
    private Features() {}

    static Path distribution() {
        return Path.of(Objects.requireNonNull(System.getProperty("caisson.distribution")))
                .toAbsolutePath()
                .normalize();
    }

    /** Installs and starts every bundle of these features. */
    static Option[] install(String... features) {
        var options = new ArrayList<Option>();
        for (String feature : features) {
            for (Path jar : bundles(distribution().resolve("features").resolve(feature + ".json"))) {
                options.add(CoreOptions.bundle("reference:" + jar.toUri()));
            }
        }
        return options.toArray(Option[]::new);
    }

    private static List<Path> bundles(Path feature) {
        try {
            var jars = new ArrayList<Path>();
            Map<String, Object> json = JSON.std.mapFrom(Files.readString(feature));
            for (Object bundle : (List<?>) Objects.requireNonNull(json.get("bundles"))) {
                String[] id = String.valueOf(((Map<?, ?>) bundle).get("id")).split(":", -1);
                jars.add(distribution().resolve("bundle").resolve(id[1] + "-" + id[2] + ".jar"));
            }
            return jars;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
