package io.caisson.guest.api;

import java.time.Duration;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A connection to a guest's init. Failures are {@link io.caisson.service.api.CaissonException}s of the kind the guest
 * reports; UNAVAILABLE when the connection is lost.
 */
@ConsumerType
public interface GuestSession extends AutoCloseable {
    /** What the guest said of itself. */
    GuestInfo info();

    /** Prepares a container: root file system, mounts, namespaces. Nothing of the image runs yet. */
    void createContainer(GuestContainerSpec spec) throws InterruptedException;

    /** Kills what is left of a container, flushes and unmounts its file systems. NOT_FOUND when there is none. */
    void deleteContainer(String containerId) throws InterruptedException;

    /**
     * Records a process. The first process started in a container is its process 1; later ones join all of its
     * namespaces.
     */
    GuestProcess createProcess(String containerId, String processId, GuestProcessSpec spec) throws InterruptedException;

    /** The handle of a process made by this or another session; no call is made and nothing is checked. */
    GuestProcess process(String containerId, String processId);

    /**
     * Ends all containers and flushes all disks; the guest then powers itself off, once this session is closed or half
     * a second later.
     *
     * @param timeout how long the guest may take until it has done so
     */
    void powerOff(Duration timeout) throws InterruptedException;

    /** Ends the connection and every stream opened through it; the guest and its containers go on. Idempotent. */
    @Override
    void close();
}
