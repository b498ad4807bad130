package io.caisson.archive.library;

import java.io.IOException;

/** Bytes that are not what their format says, or that this library refuses. */
public final class ArchiveException extends IOException {
    private static final long serialVersionUID = 1L;

    private final long offset;

    /**
     * Says what is wrong and where.
     *
     * @param reason what is wrong, without the place
     * @param offset where in the bytes of that format the part begins that is wrong, in bytes
     */
    public ArchiveException(String reason, long offset) {
        super(reason + " (offset " + offset + ")");
        this.offset = offset;
    }

    /** Where the part begins that is wrong, in bytes of the format it is wrong in. */
    public long offset() {
        return offset;
    }
}
