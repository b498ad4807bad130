package io.caisson.vsock.api;

import io.caisson.service.api.Provider;
import java.nio.file.Path;
import org.osgi.annotation.versioning.ConsumerType;

/** One way of giving a virtual machine a vsock device. Service properties: {@link #NAME}, {@link #ATTACHMENT}. */
@ConsumerType
public interface VsockTransport extends Provider {
    /** Service property, required: the attachment form it makes, {@link VsockAttachment#form()}. */
    String ATTACHMENT = "caisson.vsock.attachment";

    /**
     * Makes the host's end of a vsock device, before its virtual machine exists. The caller owns the endpoint and
     * closes it after the machine has gone; it outlives this provider.
     *
     * @param name names the endpoint in threads and errors; the sandbox's id
     * @param directory an existing directory, accessible to its owner alone, that lives as long as the endpoint;
     *     sockets are made there
     * @throws io.caisson.service.api.CaissonException UNAVAILABLE when the host does not let it
     */
    VsockEndpoint prepare(String name, Path directory);
}
