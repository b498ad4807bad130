package io.caisson.vm.api;

import io.caisson.service.api.Provider;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * One virtual machine monitor. Service properties: {@link #NAME}, {@link #ARCHITECTURES}, {@link #VSOCK_ATTACHMENTS},
 * {@link #CAPABILITIES}.
 */
@ConsumerType
public interface VirtualMachineProvider extends Provider {
    /** Service property, required, String+: guest architectures in OCI terms, such as {@code amd64}. */
    String ARCHITECTURES = "caisson.vm.architectures";

    /** Service property, required, String+: the {@link io.caisson.vsock.api.VsockAttachment} forms it takes. */
    String VSOCK_ATTACHMENTS = "caisson.vm.vsock.attachments";

    /** Service property, String+: simple names of the capability interfaces its machines have. */
    String CAPABILITIES = "caisson.vm.capabilities";

    /**
     * Starts a machine and returns once its monitor runs; the guest is still booting, or wakes up where
     * {@link VirtualMachineSpec#standstill} says it can. What was begun is undone when this throws. When the owner's
     * process dies, by whatever cause, the machine dies with it.
     *
     * @throws io.caisson.service.api.CaissonException UNAVAILABLE when the monitor is missing or cannot be started,
     *     with its own words in the message; UNSUPPORTED when the specification asks for what it does not announce
     */
    VirtualMachine start(VirtualMachineSpec spec) throws InterruptedException;
}
