package io.caisson.archive.library;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;

/**
 * How a layer is compressed. Told by its first bytes, as containerd does: media types are not always right, and those of
 * Docker do not always say.
 */
public final class Compression {
    private static final int[] GZIP = {0x1F, 0x8B, 0x08};
    private static final int[] ZSTD = {0x28, 0xB5, 0x2F, 0xFD};

    /** The first byte is 0x50 to 0x5F. */
    private static final int[] ZSTD_SKIPPABLE = {0x50, 0x2A, 0x4D, 0x18};

    private Compression() {}

    /**
     * A layer's tar archive.
     *
     * @param stored the layer's bytes; closed with the stream that is returned
     * @param mediaType what the layer is said to be, for the error
     * @throws UnsupportedCompressionException the layer is compressed with zstd
     */
    public static InputStream decompress(InputStream stored, String mediaType) throws IOException {
        byte[] first = stored.readNBytes(4);
        InputStream whole = new SequenceInputStream(new ByteArrayInputStream(first), stored);
        if (begins(first, GZIP, 0xFF)) {
            return new GzipInputStream(whole);
        }
        if (begins(first, ZSTD, 0xFF) || begins(first, ZSTD_SKIPPABLE, 0xF0)) {
            throw new UnsupportedCompressionException(
                    "layers compressed with zstd (" + mediaType + ") are not supported; gzip and plain tar are");
        }
        return whole;
    }

    private static boolean begins(byte[] bytes, int[] magic, int firstMask) {
        if (bytes.length < magic.length || (bytes[0] & firstMask) != (magic[0] & firstMask)) {
            return false;
        }
        for (int i = 1; i < magic.length; i++) {
            if ((bytes[i] & 0xFF) != magic[i]) {
                return false;
            }
        }
        return true;
    }
}
