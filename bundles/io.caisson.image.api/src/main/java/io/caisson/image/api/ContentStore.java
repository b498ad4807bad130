package io.caisson.image.api;

import java.io.IOException;
import java.io.InputStream;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Blobs by digest. What is in the store is whole and was checked against its digest when it came in; damage done since
 * shows when it is read to its end. Safe for use by any number of threads, and by several processes on one home.
 */
@ProviderType
public interface ContentStore {
    /** Whether the blob is here; says nothing about damage. */
    boolean contains(Digest digest);

    /**
     * A blob's size in bytes.
     *
     * @throws io.caisson.service.api.CaissonException NOT_FOUND
     */
    long size(Digest digest);

    /**
     * Reads a blob from its beginning; the caller closes the stream. Whoever reads it to the end knows it for
     * undamaged: the read that would return the end throws CORRUPT if it is not what its digest says.
     *
     * @throws io.caisson.service.api.CaissonException NOT_FOUND
     */
    InputStream open(Digest digest) throws IOException;

    /**
     * Takes a blob in, checking it while it is written. Nothing of it is visible before it is whole and on disk;
     * nothing stays of one that is wrong. A blob that is here already is checked again, and the source is read only if
     * it turns out to be damaged: taking in the same content repairs it. Who need not know asks {@link #contains}.
     *
     * @param expected digest and size the source must have
     * @throws io.caisson.service.api.CaissonException CORRUPT when digest or size differ, with both digests;
     *     UNAVAILABLE when there is no room; PERMISSION_DENIED when the store is not writable
     * @throws IOException the source failed
     * @throws InterruptedException the caller gave up; nothing stays
     */
    void ingest(Descriptor expected, InputStream source) throws IOException, InterruptedException;
}
