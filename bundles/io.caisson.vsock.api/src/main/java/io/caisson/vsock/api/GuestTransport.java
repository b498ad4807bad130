package io.caisson.vsock.api;

import java.io.IOException;
import java.time.Duration;
import org.osgi.annotation.versioning.ConsumerType;

/** Carries byte streams into a guest. Safe for use by any number of threads. */
@ConsumerType
public interface GuestTransport {
    /**
     * Opens a stream to a port on which the guest listens. A guest that is still starting, or does not listen yet,
     * is waited for.
     *
     * @param port 1 to 2^32-2, as an unsigned int
     * @param timeout how long to wait for the guest to accept, positive
     * @throws java.net.SocketTimeoutException the guest did not accept in time
     * @throws IOException the transport is closed or its virtual machine has gone
     * @throws InterruptedException the calling thread was interrupted; nothing stays open
     */
    GuestStream open(int port, Duration timeout) throws IOException, InterruptedException;
}
