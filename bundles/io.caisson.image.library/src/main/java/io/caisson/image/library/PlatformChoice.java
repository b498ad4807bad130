package io.caisson.image.library;

import io.caisson.service.api.Platform;
import java.util.List;
import java.util.OptionalInt;

/**
 * Which of several platforms suits the one asked for. Operating system and architecture must be the same. A processor
 * runs what was made for its own variant and, on arm, arm64 and amd64, for every earlier one (image-spec v1.1, "Platform
 * Variants"): the latest of those is taken, of equals the first.
 */
final class PlatformChoice {
    private static final int UNORDERED = -1;

    private PlatformChoice() {}

    /** The index of the best one; empty when none suits. */
    static OptionalInt best(List<Platform> offered, Platform wanted) {
        int best = -1;
        int bestLevel = UNORDERED;
        int wantedLevel = level(wanted);
        for (int i = 0; i < offered.size(); i++) {
            Platform candidate = offered.get(i);
            if (candidate.os().equals(wanted.os()) && candidate.architecture().equals(wanted.architecture())) {
                if (candidate.variant().equals(wanted.variant())) {
                    return OptionalInt.of(i);
                }
                int level = level(candidate);
                if (level != UNORDERED && level <= wantedLevel && level > bestLevel) {
                    best = i;
                    bestLevel = level;
                }
            }
        }
        return best < 0 ? OptionalInt.empty() : OptionalInt.of(best);
    }

    /** The variant's place in its architecture's order; what people mean when they name none has one, too. */
    private static int level(Platform platform) {
        int usual =
                switch (platform.architecture()) {
                    case "arm" -> 7;
                    case "arm64" -> 8;
                    case "amd64" -> 1;
                    default -> UNORDERED;
                };
        String variant = platform.variant();
        if (usual == UNORDERED) {
            return variant.isEmpty() ? 0 : UNORDERED;
        }
        if (variant.isEmpty()) {
            return usual * 100;
        }
        return variant.startsWith("v") ? versionLevel(variant.substring(1)) : UNORDERED;
    }

    /** {@code 8.1} is 801. */
    private static int versionLevel(String version) {
        int dot = version.indexOf('.');
        int major = digits(dot < 0 ? version : version.substring(0, dot));
        int minor = dot < 0 ? 0 : digits(version.substring(dot + 1));
        return major < 0 || minor < 0 ? UNORDERED : major * 100 + minor;
    }

    private static int digits(String text) {
        if (text.isEmpty() || text.length() > 2) {
            return UNORDERED;
        }
        int value = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return UNORDERED;
            }
            value = value * 10 + c - '0';
        }
        return value;
    }
}
