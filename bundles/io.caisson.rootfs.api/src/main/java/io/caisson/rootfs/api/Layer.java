package io.caisson.rootfs.api;

import java.io.IOException;
import java.io.InputStream;
import org.osgi.annotation.versioning.ConsumerType;

/** One layer of an image: a change set as a tar archive (OCI image-spec v1.1, "Image Layer Filesystem Changeset"). */
@ConsumerType
public interface Layer {
    /** What errors call it, such as its digest. */
    String name();

    /** Its OCI or Docker media type, which says how the tar archive is compressed. */
    String mediaType();

    /** Its size in bytes as stored, compressed or not. */
    long size();

    /**
     * Its bytes as stored, from the beginning; the caller closes the stream. May be called more than once and from
     * several threads.
     */
    InputStream open() throws IOException;
}
