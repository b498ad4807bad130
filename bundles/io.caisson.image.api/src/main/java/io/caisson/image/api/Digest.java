package io.caisson.image.api;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.util.regex.Pattern;

/**
 * The digest that names content (OCI image-spec v1.1, "Digests").
 *
 * @param algorithm {@code sha256} or {@code sha512}
 * @param hex the hash in lower-case hexadecimal
 */
public record Digest(String algorithm, String hex) {
    private static final Pattern HEX = Pattern.compile("[0-9a-f]+");

    /** Checks algorithm, length and alphabet. */
    public Digest {
        int length =
                switch (algorithm) {
                    case "sha256" -> 64;
                    case "sha512" -> 128;
                    default ->
                        throw new CaissonException(
                                ErrorKind.UNSUPPORTED, "digest algorithm " + algorithm + " (sha256 and sha512 are)");
                };
        if (hex.length() != length || !HEX.matcher(hex).matches()) {
            throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "not a " + algorithm + " digest: " + hex);
        }
    }

    /** Reads {@code algorithm:hex}. */
    public static Digest parse(String text) {
        int colon = text.indexOf(':');
        if (colon < 1) {
            throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "not a digest: " + text);
        }
        return new Digest(text.substring(0, colon), text.substring(colon + 1));
    }

    /** The name the JDK knows the algorithm by. */
    public String javaAlgorithm() {
        return algorithm.equals("sha256") ? "SHA-256" : "SHA-512";
    }

    @Override
    public String toString() {
        return algorithm + ":" + hex;
    }
}
