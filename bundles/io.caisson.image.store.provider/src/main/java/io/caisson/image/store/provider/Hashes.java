package io.caisson.image.store.provider;

import io.caisson.image.api.Digest;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Computes digests. */
final class Hashes {
    private Hashes() {}

    static MessageDigest begin(Digest expected) {
        try {
            return MessageDigest.getInstance(expected.javaAlgorithm());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has " + expected.javaAlgorithm(), e);
        }
    }

    /** The digest of all that was hashed, of the same algorithm as the expected one. */
    static Digest end(Digest expected, MessageDigest hash) {
        return new Digest(expected.algorithm(), HexFormat.of().formatHex(hash.digest()));
    }
}
