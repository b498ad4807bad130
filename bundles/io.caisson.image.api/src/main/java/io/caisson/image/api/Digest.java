package io.caisson.image.api;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;

/**
 * The digest that names content (OCI image-spec v1.1, "Digests").
 *
 * @param algorithm {@code sha256} or {@code sha512}
 * @param hex the hash in lower-case hexadecimal
 */
public record Digest(String algorithm, String hex) {
    /** Checks algorithm, length and alphabet. */
    public Digest {
        int length =
                switch (algorithm) {
                    case "sha256" -> 64;
                    case "sha512" -> 128;
                    default ->
                        throw new CaissonException(
                                ErrorKind.UNSUPPORTED,
                                "digest algorithm " + Quoted.of(algorithm) + " (sha256 and sha512 are supported)");
                };
        if (hex.length() != length || !isHex(hex)) {
            throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "not a " + algorithm + " digest: " + Quoted.of(hex));
        }
    }

    /**
     * Reads {@code algorithm:hex}.
     *
     * @throws CaissonException INVALID_ARGUMENT; UNSUPPORTED for another algorithm
     */
    public static Digest parse(String text) {
        int colon = text.indexOf(':');
        if (colon < 1) {
            throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "not a digest: " + Quoted.of(text));
        }
        return new Digest(text.substring(0, colon), text.substring(colon + 1));
    }

    private static boolean isHex(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
                return false;
            }
        }
        return true;
    }

    /** The name the JDK knows the algorithm by. */
    public String javaAlgorithm() {
        return algorithm.equals("sha256") ? "SHA-256" : "SHA-512";
    }

    /** {@code algorithm:hex}. */
    @Override
    public String toString() {
        return algorithm.concat(":").concat(hex);
    }
}
