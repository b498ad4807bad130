package io.caisson.vsock.api;

import org.osgi.annotation.versioning.ConsumerType;

/** The host's end of one virtual machine's vsock device. Owned by whoever prepared it. */
@ConsumerType
public interface VsockEndpoint extends GuestTransport, AutoCloseable {
    /** What the virtual machine monitor needs. */
    VsockAttachment attachment();

    /**
     * Lets the guest open streams to a port of the host. Ports that nobody listens on refuse.
     *
     * @param port 1 to 2^32-2, as an unsigned int
     * @throws io.caisson.service.api.CaissonException EXISTS when the port is taken
     */
    VsockListener listen(int port);

    /** Ends every stream and listener, releases sockets and memory. Idempotent, returns within a second. */
    @Override
    void close();
}
