package io.caisson.virtio.library;

import java.io.IOException;

/**
 * What a driver wrote into shared memory is not what VIRTIO allows. The device that met it must stop: its state is no
 * longer known. The message is one line and holds numbers and names of this library only, never guest bytes.
 */
public final class VirtioFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String structure;
    private final long index;
    private final long offset;

    /**
     * A violation.
     *
     * @param structure the part of which ring, such as {@code receive ring, descriptor table}
     * @param index the entry in it, or the ring index that was read
     * @param offset where it lies, in bytes from the structure's start
     * @param problem what is wrong with it
     */
    public VirtioFormatException(String structure, long index, long offset, String problem) {
        super(structure + ", entry " + index + " at offset " + offset + ": " + problem);
        this.structure = structure;
        this.index = index;
        this.offset = offset;
    }

    /** The part of which ring. */
    public String structure() {
        return structure;
    }

    /** The entry in the structure. */
    public long index() {
        return index;
    }

    /** The entry's place, in bytes from the structure's start. */
    public long offset() {
        return offset;
    }
}
