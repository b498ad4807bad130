package io.caisson.rootfs.ext4.provider;

import java.nio.charset.StandardCharsets;
import java.util.UUID;

/** Names derived from what a caller calls an image. */
final class ImageName {
    private static final int MAX_PLAIN = 150;
    private static final String SHA256 = "sha256:";
    private static final int SHA256_LENGTH = SHA256.length() + 64;

    private ImageName() {}

    /** The file name for a key: readable for digests, and never the same for two keys. */
    static String of(String key, String revision) {
        StringBuilder name = new StringBuilder(key.length() + 16);
        for (int i = 0; i < key.length(); i++) {
            char c = key.charAt(i);
            boolean plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '.' && i > 0);
            if (plain) {
                name.append(c);
            } else if (c == ':') {
                name.append('-');
            } else {
                name.append('_').append(Integer.toHexString(c)).append('_');
            }
        }
        if (name.length() > MAX_PLAIN) {
            name.setLength(MAX_PLAIN);
            name.append('~').append(UUID.nameUUIDFromBytes(key.getBytes(StandardCharsets.UTF_8)));
        }
        return name.append('-').append(revision).append(".ext4").toString();
    }

    /** The file system's UUID: the beginning of the digest when the key is one (RFC 9562, version 8). */
    static UUID uuid(String key) {
        if (key.length() == SHA256_LENGTH && key.startsWith(SHA256)) {
            try {
                long high = Long.parseUnsignedLong(key, SHA256.length(), SHA256.length() + 16, 16);
                long low = Long.parseUnsignedLong(key, SHA256.length() + 16, SHA256.length() + 32, 16);
                return new UUID((high & ~0xF000L) | 0x8000L, (low & ~(3L << 62)) | (1L << 63));
            } catch (NumberFormatException e) {
                return UUID.nameUUIDFromBytes(key.getBytes(StandardCharsets.UTF_8));
            }
        }
        return UUID.nameUUIDFromBytes(key.getBytes(StandardCharsets.UTF_8));
    }
}
