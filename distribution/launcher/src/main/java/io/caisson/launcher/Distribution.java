package io.caisson.launcher;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;

/**
 * A distribution on disk: {@code bundle/} the jars, {@code features/} which of them make up what, {@code conf/} which
 * features to start, {@code images/} the container images that come with it.
 */
final class Distribution {
    private final Path root;
    private final Properties configuration;
    private final List<Path> features;

    private Distribution(Path root, Properties configuration, List<Path> features) {
        this.root = root;
        this.configuration = configuration;
        this.features = features;
    }

    static Distribution at(Path root) throws LaunchException {
        Path file = root.resolve("conf/caisson.properties");
        var configuration = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            configuration.load(reader);
        } catch (IOException | IllegalArgumentException e) {
            throw new LaunchException("cannot read " + file + ": " + e, e);
        }
        String names = configuration.getProperty("features", "");
        var features = new ArrayList<Path>();
        for (String name : names.split(",", -1)) {
            if (!name.isBlank()) {
                features.add(root.resolve("features").resolve(name.strip() + ".json"));
            }
        }
        if (features.isEmpty()) {
            throw new LaunchException("property 'features' in " + file + " names no feature");
        }
        return new Distribution(root, configuration, features);
    }

    Path root() {
        return root;
    }

    /** Framework properties from the configuration file: those whose names have a dot. */
    Properties frameworkProperties() {
        var properties = new Properties();
        for (String name : configuration.stringPropertyNames()) {
            if (name.indexOf('.') > 0) {
                properties.setProperty(name, configuration.getProperty(name));
            }
        }
        return properties;
    }

    /** How many features there are to start. */
    int featureCount() {
        return features.size();
    }

    /** The bundles of each feature, in order; one that is in several is the first one's. */
    List<List<FeatureBundle>> bundles() throws LaunchException {
        var bundles = new ArrayList<List<FeatureBundle>>();
        var known = new HashSet<Path>();
        for (Path feature : features) {
            var own = new ArrayList<FeatureBundle>();
            for (FeatureBundle bundle : Feature.read(feature, root.resolve("bundle"))) {
                if (known.add(bundle.jar())) {
                    own.add(bundle);
                }
            }
            bundles.add(own);
        }
        return bundles;
    }

    /**
     * Names this distribution as it is now: another one when it is moved or when a feature, the configuration or a
     * bundle's size or time changes.
     */
    String identity() throws LaunchException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            update(digest, root.toString());
            digest.update(Files.readAllBytes(root.resolve("conf/caisson.properties")));
            for (Path feature : features) {
                digest.update(Files.readAllBytes(feature));
            }
            try (var jars = Files.newDirectoryStream(root.resolve("bundle"), "*.jar")) {
                var lines = new ArrayList<String>();
                for (Path jar : jars) {
                    var attributes = Files.readAttributes(jar, BasicFileAttributes.class);
                    lines.add(jar.getFileName() + " " + attributes.size() + " "
                            + attributes.lastModifiedTime().toMillis());
                }
                lines.sort(null);
                for (String line : lines) {
                    update(digest, line);
                }
            }
            return HexFormat.of().formatHex(digest.digest(), 0, 8);
        } catch (NoSuchFileException e) {
            throw new LaunchException("the distribution is incomplete: there is no " + e.getFile(), e);
        } catch (IOException e) {
            throw new LaunchException("cannot read the distribution in " + root + ": " + e, e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void update(MessageDigest digest, String text) {
        digest.update(text.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
    }
}
