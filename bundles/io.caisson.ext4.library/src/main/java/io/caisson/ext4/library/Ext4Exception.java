package io.caisson.ext4.library;

import java.io.IOException;

/** What was asked for does not fit into an ext4 file system, or not into this one. */
public class Ext4Exception extends IOException {
    private static final long serialVersionUID = 1L;

    /** Says what does not fit, where, and the limit. */
    public Ext4Exception(String message) {
        super(message);
    }
}
