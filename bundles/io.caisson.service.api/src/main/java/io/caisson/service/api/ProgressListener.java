package io.caisson.service.api;

import java.util.Objects;
import org.osgi.annotation.versioning.ConsumerType;

/** Hears how far long work has come. Called on the working thread; returns at once and does not throw. */
@ConsumerType
@FunctionalInterface
public interface ProgressListener {
    /** Hears nothing. */
    ProgressListener NONE = progress -> {};

    /** The work has come this far. */
    void progressed(Progress progress);

    /**
     * How far one piece of work has come.
     *
     * @param task what is being done to what, such as {@code building rootfs of busybox:latest}; the same for all
     *     events of a piece of work
     * @param done units done, at least 0
     * @param total units in all, or -1 while unknown
     */
    record Progress(String task, long done, long total) {
        /** Checks the ranges. */
        public Progress {
            Objects.requireNonNull(task, "task");
            if (done < 0 || total < -1) {
                throw new IllegalArgumentException("progress " + done + " of " + total);
            }
        }
    }
}
