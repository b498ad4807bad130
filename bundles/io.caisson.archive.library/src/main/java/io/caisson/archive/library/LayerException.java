package io.caisson.archive.library;

import java.io.IOException;

/** A layer that cannot be applied: which layer, which entry, where, and why. */
public final class LayerException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String layer;

    /** Says why an entry of a layer is refused. */
    LayerException(String layer, TarEntry entry, String reason, Throwable cause) {
        super(
                "layer " + layer + ", entry '" + entry.displayName() + "' at offset " + entry.offset() + ": " + reason,
                cause);
        this.layer = layer;
    }

    /** Says why a layer cannot be read on. */
    LayerException(String layer, IOException cause) {
        super("layer " + layer + ": " + cause.getMessage(), cause);
        this.layer = layer;
    }

    /** The layer's name. */
    public String layer() {
        return layer;
    }
}
