package io.caisson.vm.api;

import java.io.IOException;
import java.io.OutputStream;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The contents of an initial RAM disk. They may hold a secret: monitors keep them in memory; with what they keep of a
 * machine that stands still, in files for their owner alone.
 */
@ConsumerType
public interface InitialRamdisk {
    /**
     * Tells these contents from all others: what is equal here is equal in every byte. No secret can be read from it.
     * Printable ASCII, at most 200 characters.
     */
    String identity();

    /** Exactly how many bytes {@link #writeTo} writes. */
    long size();

    /** Writes the uncompressed contents. Each call writes the same. */
    void writeTo(OutputStream target) throws IOException;
}
