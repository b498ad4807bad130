package io.caisson.image.api;

import java.io.IOException;
import java.io.InputStream;
import org.osgi.annotation.versioning.ProviderType;

/** Blobs by digest. What is in the store is whole and has been checked against its digest when it came in. */
@ProviderType
public interface ContentStore {
    /** Whether the blob is here. */
    boolean contains(Digest digest);

    /**
     * A blob's size in bytes.
     *
     * @throws io.caisson.service.api.CaissonException NOT_FOUND
     */
    long size(Digest digest);

    /**
     * Reads a blob from its beginning; the caller closes the stream.
     *
     * @throws io.caisson.service.api.CaissonException NOT_FOUND
     */
    InputStream open(Digest digest) throws IOException;

    /**
     * Takes a blob in, checking it while it is written. Nothing of it is visible before it is whole; nothing stays of
     * one that is wrong. Taking in a blob that is here already reads the source no further than needed.
     *
     * @param expected digest and size the source must have
     * @throws io.caisson.service.api.CaissonException CORRUPT when digest or size differ, UNAVAILABLE when there is no
     *     room
     * @throws IOException the source failed
     */
    void ingest(Descriptor expected, InputStream source) throws IOException, InterruptedException;
}
