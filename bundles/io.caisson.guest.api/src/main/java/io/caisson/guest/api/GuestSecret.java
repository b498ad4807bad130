package io.caisson.guest.api;

import java.security.SecureRandom;
import java.util.Arrays;

/** The 256 bits that every connection to a guest proves to know. Never printed. */
public final class GuestSecret {
    /** The length in bytes. */
    public static final int LENGTH = 32;

    private final byte[] bytes;

    private GuestSecret(byte[] bytes) {
        this.bytes = bytes;
    }

    /** A fresh secret from the system's source of randomness. */
    public static GuestSecret random() {
        byte[] bytes = new byte[LENGTH];
        new SecureRandom().nextBytes(bytes);
        return new GuestSecret(bytes);
    }

    /** The secret with this value; the array is copied. */
    public static GuestSecret of(byte[] bytes) {
        if (bytes.length != LENGTH) {
            throw new IllegalArgumentException("a guest secret has " + LENGTH + " bytes, not " + bytes.length);
        }
        return new GuestSecret(bytes.clone());
    }

    /** A copy of its bytes. */
    public byte[] toBytes() {
        return bytes.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GuestSecret that && java.security.MessageDigest.isEqual(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return "GuestSecret[hidden]";
    }
}
