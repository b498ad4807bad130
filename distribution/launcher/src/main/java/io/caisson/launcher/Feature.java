package io.caisson.launcher;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads feature files (OSGi Compendium R8.1, chapter 159 "Feature Service"): of each, the bundles with their ids. A
 * bundle {@code group:artifact:version} is the file {@code artifact-version.jar}. The bundle property {@code
 * "caisson.start": false} leaves starting it to others.
 */
final class Feature {
    private Feature() {}

    static List<FeatureBundle> read(Path file, Path bundleDirectory) throws LaunchException {
        try (JsonParser json = new JsonFactory().createParser(Files.newBufferedReader(file))) {
            return feature(json, bundleDirectory);
        } catch (IOException e) {
            throw new LaunchException("cannot read feature " + file + ": " + e.getMessage(), e);
        }
    }

    private static List<FeatureBundle> feature(JsonParser json, Path bundleDirectory) throws IOException {
        var bundles = new ArrayList<FeatureBundle>();
        expect(json, json.nextToken(), JsonToken.START_OBJECT);
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            boolean isBundles = json.currentName().equals("bundles");
            JsonToken value = json.nextToken();
            if (isBundles) {
                expect(json, value, JsonToken.START_ARRAY);
                while (json.nextToken() != JsonToken.END_ARRAY) {
                    bundles.add(bundle(json, bundleDirectory));
                }
            } else {
                json.skipChildren();
            }
        }
        expect(json, json.currentToken(), JsonToken.END_OBJECT);
        return bundles;
    }

    private static FeatureBundle bundle(JsonParser json, Path bundleDirectory) throws IOException {
        String id = null;
        boolean start = true;
        expect(json, json.currentToken(), JsonToken.START_OBJECT);
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            switch (name) {
                case "id" -> id = json.getText();
                case "caisson.start" -> start = json.getBooleanValue();
                default -> json.skipChildren();
            }
        }
        String[] parts = id == null ? new String[0] : id.split(":", -1);
        if (parts.length != 3) {
            throw new IOException("bundle id is not group:artifact:version: " + id + " at "
                    + json.currentLocation().offsetDescription());
        }
        return new FeatureBundle(bundleDirectory.resolve(parts[1] + "-" + parts[2] + ".jar"), start);
    }

    private static void expect(JsonParser json, @Nullable JsonToken token, JsonToken expected) throws IOException {
        if (token != expected) {
            throw new IOException("expected " + expected + ", found " + token + " at "
                    + json.currentLocation().offsetDescription());
        }
    }
}
