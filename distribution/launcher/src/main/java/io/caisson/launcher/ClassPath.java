package io.caisson.launcher;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;

/**
 * The jars in {@code lib/}, which the JVM itself loads classes from. From 25.0.4 on (JDK-8377932) it takes its
 * ahead-of-time cache only with the very files the cache was made with, told by size and time of modification; and few
 * ways to copy a distribution keep times. Therefore the jars have one fixed time, from before the cache is made, and get
 * it back when they have lost it: the first command of a copy does without the cache, all others have it.
 */
final class ClassPath {
    /** 2026-01-01T00:00:00Z, as any time in the past would serve; not parsed, which takes a cold JVM longer than all else here. */
    private static final FileTime TIME = FileTime.fromMillis(1_767_225_600_000L);

    private ClassPath() {}

    /**
     * Gives the jars their time, where this user may.
     *
     * @throws IOException some do not have it: the cache is not used, and all else is as it was
     */
    static void restoreTimes(Path library) throws IOException {
        try (var jars = Files.newDirectoryStream(library, "*.jar")) {
            for (Path jar : jars) {
                if (!Files.getLastModifiedTime(jar).equals(TIME)) {
                    Files.setLastModifiedTime(jar, TIME);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
    }
}
