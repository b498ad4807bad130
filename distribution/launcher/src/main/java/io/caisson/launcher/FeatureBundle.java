package io.caisson.launcher;

import java.nio.file.Path;

/**
 * A bundle of a feature.
 *
 * @param jar where it is
 * @param start whether it is started with the framework, or later by whoever needs it
 */
record FeatureBundle(Path jar, boolean start) {}
