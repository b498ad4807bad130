package io.caisson.vsock.api;

import java.io.IOException;
import org.osgi.annotation.versioning.ConsumerType;

/** Accepts streams that a guest opens to one port. At most 128 wait to be accepted; further ones are refused. */
@ConsumerType
public interface VsockListener extends AutoCloseable {
    /**
     * Waits for the next stream; the caller owns it.
     *
     * @throws IOException the listener or its endpoint is closed
     */
    GuestStream accept() throws IOException, InterruptedException;

    /** Refuses from now on and wakes who waits in {@link #accept()}. Accepted streams live on. Idempotent. */
    @Override
    void close();
}
