package io.caisson.guest.api;

import java.util.Objects;
import java.util.Optional;

/** How a container's root file system is put together in the guest. */
public sealed interface GuestRootfs {
    /** Whether the container sees its root read-only. */
    boolean readOnly();

    /**
     * A read-only image below a scratch disk, joined by overlayfs.
     *
     * @param lower the image
     * @param scratch where the container's writes go; empty: to the guest's memory
     */
    record Overlay(GuestDisk lower, Optional<GuestDisk> scratch, boolean readOnly) implements GuestRootfs {
        /** Checks that both parts are there. */
        public Overlay {
            Objects.requireNonNull(lower, "lower");
            Objects.requireNonNull(scratch, "scratch");
        }
    }

    /**
     * One disk that is the whole root.
     *
     * @param disk the disk
     */
    record Disk(GuestDisk disk, boolean readOnly) implements GuestRootfs {
        /** Checks that the disk is there. */
        public Disk {
            Objects.requireNonNull(disk, "disk");
        }
    }
}
