package io.caisson.guest.api;

import io.caisson.service.api.Provider;
import io.caisson.vm.api.InitialRamdisk;
import io.caisson.vsock.api.GuestTransport;
import java.time.Duration;
import org.osgi.annotation.versioning.ConsumerType;

/** An init for guests and the client of its protocol. Service properties: {@link #NAME}, {@link #ARCHITECTURES}. */
@ConsumerType
public interface GuestAgent extends Provider {
    /** Service property, required, String+: the architectures it has an init for, such as {@code amd64}. */
    String ARCHITECTURES = "caisson.guest.architectures";

    /**
     * The initial RAM disk that boots the init and gives it the secret.
     *
     * @param architecture in OCI terms
     * @throws io.caisson.service.api.CaissonException UNSUPPORTED for an architecture it does not announce
     */
    InitialRamdisk initialRamdisk(String architecture, GuestSecret secret);

    /**
     * Connects to the init of a guest that was booted, is booting or will be booted from {@link #initialRamdisk}. Called
     * early, it gets its client ready while the machine still boots. The transport stays the caller's and must live as
     * long as the session.
     *
     * @param name names the session in threads and errors; the sandbox's id
     * @param timeout how long the guest may take until it answers
     * @throws io.caisson.service.api.CaissonException TIMEOUT when the guest does not answer in time, UNAVAILABLE when
     *     the transport breaks, UNSUPPORTED when no protocol version is shared
     */
    GuestSession connect(String name, GuestTransport transport, GuestSecret secret, Duration timeout)
            throws InterruptedException;
}
