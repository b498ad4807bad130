package io.caisson.virtio.library;

/** Feature bits that this library's virtqueues know (VIRTIO 1.2, section 6), as masks. */
public final class VirtioFeatures {
    /** A descriptor may refer to a table of further descriptors (section 2.7.5.3). */
    public static final long INDIRECT_DESC = 1L << 28;

    /** Each side says at which index it wants to be notified next (sections 2.7.7 and 2.7.10). */
    public static final long EVENT_IDX = 1L << 29;

    /** The device complies with version 1 of the specification: little-endian rings and headers. */
    public static final long VERSION_1 = 1L << 32;

    private VirtioFeatures() {}
}
