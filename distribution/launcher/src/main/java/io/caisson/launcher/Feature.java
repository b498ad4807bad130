package io.caisson.launcher;

import io.caisson.json.library.JsonException;
import io.caisson.json.library.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads feature files (OSGi Compendium R8.1, chapter 159 "Feature Service"): of each, the bundles with their ids. A
 * bundle {@code group:artifact:version} is the file {@code artifact-version.jar}. The bundle property {@code
 * "caisson.start": false} leaves starting it to others.
 */
final class Feature {
    private Feature() {}

    static List<FeatureBundle> read(Path file, Path bundleDirectory) throws LaunchException {
        try {
            var bundles = new ArrayList<FeatureBundle>();
            for (JsonObject bundle : JsonObject.read(Files.readAllBytes(file)).objects("bundles")) {
                bundles.add(bundle(bundle, bundleDirectory));
            }
            return bundles;
        } catch (IOException e) {
            throw new LaunchException("cannot read feature " + file + ": " + e.getMessage(), e);
        }
    }

    private static FeatureBundle bundle(JsonObject bundle, Path bundleDirectory) throws JsonException {
        String[] parts = bundle.requiredString("id").split(":", -1);
        if (parts.length != 3) {
            throw bundle.failure("id", "is not group:artifact:version");
        }
        boolean start = !bundle.has("caisson.start") || bundle.flag("caisson.start");
        return new FeatureBundle(bundleDirectory.resolve(parts[1] + "-" + parts[2] + ".jar"), start);
    }
}
