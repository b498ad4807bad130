package io.caisson.service.api;

import java.util.Locale;
import java.util.Objects;

/**
 * An operating system and processor architecture, in the OCI image specification's names (image-spec v1.1, "Platform
 * Variants" and the GOOS/GOARCH values it refers to).
 *
 * @param os such as {@code linux}
 * @param architecture such as {@code amd64} or {@code arm64}
 * @param variant such as {@code v7}; empty when there is none
 */
public record Platform(String os, String architecture, String variant) {
    /** Normalises the names people use for the same thing ({@code x86_64}, {@code aarch64}, {@code arm64/v8}). */
    public Platform {
        os = os.toLowerCase(Locale.ROOT);
        architecture = normalise(architecture.toLowerCase(Locale.ROOT));
        variant = variant.toLowerCase(Locale.ROOT);
        if (os.isEmpty() || architecture.isEmpty() || !isPart(os) || !isPart(architecture) || !isPart(variant)) {
            throw new CaissonException(
                    ErrorKind.INVALID_ARGUMENT,
                    "not a platform: " + os + "/" + architecture + (variant.isEmpty() ? "" : "/" + variant)
                            + " (write os/architecture, such as linux/amd64)");
        }
        if (architecture.equals("arm64") && variant.equals("v8")) {
            variant = "";
        }
    }

    private static boolean isPart(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '.') {
                return false;
            }
        }
        return true;
    }

    /** Linux on this architecture. */
    public static Platform linux(String architecture) {
        return new Platform("linux", architecture, "");
    }

    /** Linux on the architecture this JVM runs on. */
    public static Platform host() {
        return linux(Objects.requireNonNull(System.getProperty("os.arch")));
    }

    /** Reads {@code os/architecture[/variant]} or an architecture alone. */
    public static Platform parse(String text) {
        String[] parts = text.split("/", -1);
        return switch (parts.length) {
            case 1 -> linux(parts[0]);
            case 2 -> new Platform(parts[0], parts[1], "");
            case 3 -> new Platform(parts[0], parts[1], parts[2]);
            default ->
                throw new CaissonException(
                        ErrorKind.INVALID_ARGUMENT,
                        "not a platform: " + text + " (write os/architecture, such as linux/amd64)");
        };
    }

    private static String normalise(String architecture) {
        return switch (architecture) {
            case "x86_64", "x86-64" -> "amd64";
            case "aarch64" -> "arm64";
            case "i386", "i686" -> "386";
            default -> architecture;
        };
    }

    @Override
    public String toString() {
        return os + "/" + architecture + (variant.isEmpty() ? "" : "/" + variant);
    }
}
