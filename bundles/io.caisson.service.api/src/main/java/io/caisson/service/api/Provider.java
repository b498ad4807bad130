package io.caisson.service.api;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * What every SPI of Caisson extends: one technology behind one contract.
 *
 * <p>A provider registers under its SPI with the service property {@link #NAME} and, to be preferred to or passed over
 * for others, {@code service.ranking}. Requesters take the highest-ranked provider that matches and is available.
 */
@ConsumerType
public interface Provider {
    /** Service property, required: the technology's name as users type it, such as {@code qemu}. */
    String NAME = "caisson.provider.name";

    /**
     * Whether this provider can serve on this host, now. Called from any thread, often; answers within milliseconds
     * and does not throw.
     */
    Availability availability();
}
