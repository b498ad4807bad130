package io.caisson.container.api;

import org.osgi.annotation.versioning.ProviderType;

/** A container this process owns. */
@ProviderType
public interface Container extends ContainerHandle, AutoCloseable {
    /**
     * Its first process: {@link ContainerProcess#start} runs the container. The container ends with it.
     */
    ContainerProcess init();

    /**
     * Ends it when it still runs and removes everything it had: sandbox, disks, folder. Idempotent; bounded in time.
     */
    @Override
    void close();
}
