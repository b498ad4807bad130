package io.caisson.guest.api;

import io.caisson.service.api.Provider;
import io.caisson.vm.api.InitialRamdisk;
import io.caisson.vm.api.Standstill;
import io.caisson.vsock.api.GuestTransport;
import java.time.Duration;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/** An init for guests and the client of its protocol. Service properties: {@link #NAME}, {@link #ARCHITECTURES}. */
@ConsumerType
public interface GuestAgent extends Provider {
    /** Service property, required, String+: the architectures it has an init for, such as {@code amd64}. */
    String ARCHITECTURES = "caisson.guest.architectures";

    /**
     * How a guest of this init stands still when it was booted without devices; empty: it does not.
     *
     * @param architecture in OCI terms
     */
    Optional<Standstill> standstill(String architecture);

    /**
     * The initial RAM disk that boots the init and gives it its first secret.
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

    /**
     * Connects as {@link #connect} does to a guest that began with a secret it shares with others, and makes it one of
     * its own: with fresh randomness, the time, and a secret that from then on every connection to it proves.
     *
     * @param first the secret in its initial RAM disk
     * @param own the one it gets
     */
    GuestSession adopt(String name, GuestTransport transport, GuestSecret first, GuestSecret own, Duration timeout)
            throws InterruptedException;
}
