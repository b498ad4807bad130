package io.caisson.archive.library;

/**
 * What a set of layers may amount to, so that a small one cannot take all room and time.
 *
 * @param maxEntries entries in all layers together
 * @param maxBytes bytes of all archives together, decompressed
 */
public record LayerLimits(long maxEntries, long maxBytes) {
    /** Checks the ranges. */
    public LayerLimits {
        if (maxEntries < 1 || maxBytes < 1) {
            throw new IllegalArgumentException("limits of " + maxEntries + " entries, " + maxBytes + " bytes");
        }
    }
}
