package io.caisson.image.store.provider;

import io.caisson.image.api.Digest;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;

/** A blob that is checked against its digest while it is read; the verdict falls at its end. */
final class VerifiedInputStream extends FilterInputStream {
    private static final int SKIP_CHUNK = 16 * 1024;

    private final Digest expected;
    private final MessageDigest hash;
    private final byte[] single = new byte[1];
    private boolean verified;

    VerifiedInputStream(InputStream blob, Digest expected) {
        super(blob);
        this.expected = expected;
        hash = Hashes.begin(expected);
    }

    @Override
    public int read() throws IOException {
        return read(single, 0, 1) < 0 ? -1 : single[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        int count = in.read(buffer, offset, length);
        if (count >= 0) {
            hash.update(buffer, offset, count);
        } else if (!verified) {
            Digest actual = Hashes.end(expected, hash);
            if (!actual.hex().equals(expected.hex())) {
                throw BlobDirectory.damaged(expected, "its digest is " + actual);
            }
            verified = true;
        }
        return count;
    }

    /** Reads what it skips, for the digest's sake. */
    @Override
    public long skip(long count) throws IOException {
        byte[] skipped = new byte[SKIP_CHUNK];
        long left = count;
        while (left > 0) {
            int read = read(skipped, 0, (int) Math.min(left, skipped.length));
            if (read < 0) {
                break;
            }
            left -= read;
        }
        return count - left;
    }

    @Override
    public boolean markSupported() {
        return false;
    }
}
