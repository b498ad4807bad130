package io.caisson.vsock.testkit;

import java.util.Arrays;

/** Bytes whose value follows from their place in a stream, so that every byte that arrives can be checked. */
final class Pattern {
    /** The period; a prime, so that a shift by any usual buffer size shows. */
    private static final int PERIOD = 65521;

    private static final byte[] BYTES = new byte[PERIOD + (1 << 20)];

    static {
        for (int i = 0; i < BYTES.length; i++) {
            int at = i % PERIOD;
            BYTES[i] = (byte) (at * 131 + (at >> 8));
        }
    }

    private Pattern() {}

    /** Writes the bytes that belong at a place in a stream, at most 1 MiB of them. */
    static void fill(byte[] target, int length, long place) {
        int from = (int) (place % PERIOD);
        System.arraycopy(BYTES, from, target, 0, length);
    }

    /** Whether these are the bytes that belong there. */
    static boolean matches(byte[] bytes, int length, long place) {
        int from = (int) (place % PERIOD);
        return Arrays.equals(bytes, 0, length, BYTES, from, from + length);
    }
}
