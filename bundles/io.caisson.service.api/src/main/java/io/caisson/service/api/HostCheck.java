package io.caisson.service.api;

import java.util.List;
import java.util.Objects;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Checks of the host that {@code system doctor} runs; a whiteboard service. May take seconds and use the host as a
 * container start would, and leaves nothing behind.
 */
@ConsumerType
public interface HostCheck {
    /** Runs the checks, in the order to be shown. */
    List<Result> check() throws InterruptedException;

    /** How a check ended. */
    enum Status {
        /** As it should be. */
        OK,
        /** Works, but slower or with less than it could. */
        WARN,
        /** Containers cannot run before this is mended. */
        FAIL
    }

    /**
     * One check's outcome.
     *
     * @param subject what was looked at, such as {@code /dev/kvm}
     * @param status how it ended
     * @param finding one line: what was found
     * @param remedy what to do, or that there is nothing to mend; empty when all is as it should be
     */
    record Result(String subject, Status status, String finding, String remedy) {
        /** Checks that every part is there. */
        public Result {
            Objects.requireNonNull(subject, "subject");
            Objects.requireNonNull(status, "status");
            Objects.requireNonNull(finding, "finding");
            Objects.requireNonNull(remedy, "remedy");
        }
    }
}
