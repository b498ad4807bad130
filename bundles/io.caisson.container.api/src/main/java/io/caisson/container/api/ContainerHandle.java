package io.caisson.container.api;

import java.time.Duration;
import org.osgi.annotation.versioning.ProviderType;

/** A container, possibly owned by another process. Once it is gone every call throws NOT_FOUND or UNAVAILABLE. */
@ProviderType
public interface ContainerHandle {
    /** What is known of it now. */
    ContainerInfo info();

    /**
     * Starts another process in it, in all its namespaces. The caller owns the process.
     *
     * @throws io.caisson.service.api.CaissonException NOT_FOUND when there is no such executable, PERMISSION_DENIED
     *     when it cannot be executed, INVALID_STATE when the container does not run
     */
    ContainerProcess exec(ProcessSpec spec) throws InterruptedException;

    /**
     * Stops it: its stop signal, then, when it still runs after the grace time, the end of its sandbox. Idempotent.
     *
     * @param grace at least zero
     */
    void stop(Duration grace) throws InterruptedException;
}
