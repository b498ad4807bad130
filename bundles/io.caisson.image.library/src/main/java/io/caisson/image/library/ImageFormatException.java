package io.caisson.image.library;

import io.caisson.image.api.Digest;
import java.io.IOException;

/** A document of an image that is not what it must be; the message names document and member. */
public final class ImageFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    /** A failure of a document. */
    ImageFormatException(String document, Digest digest, IOException cause) {
        super(document + " " + digest + ": " + cause.getMessage(), cause);
    }

    /** A failure of a document as a whole. */
    ImageFormatException(String document, Digest digest, String problem) {
        super(document + " " + digest + ": " + problem);
    }
}
