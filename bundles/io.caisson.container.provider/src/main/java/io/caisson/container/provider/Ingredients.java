package io.caisson.container.provider;

import io.caisson.container.provider.Providers.Candidate;
import io.caisson.guest.api.GuestAgent;
import io.caisson.image.api.ContentStore;
import io.caisson.image.api.ImageService;
import io.caisson.kernel.api.KernelProvider;
import io.caisson.rootfs.api.RootfsBuilder;
import io.caisson.vm.api.VirtualMachineProvider;
import io.caisson.vsock.api.VsockTransport;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The providers chosen for one start. They are used until the start is over and not after it.
 *
 * @param scratch makes the disk for the container's writes
 */
record Ingredients(
        ImageService images,
        ContentStore content,
        Candidate<RootfsBuilder> rootfs,
        Candidate<RootfsBuilder> scratch,
        Candidate<KernelProvider> kernel,
        Candidate<VsockTransport> vsock,
        Candidate<VirtualMachineProvider> vm,
        Candidate<GuestAgent> agent) {
    /** Their names by SPI, as {@link io.caisson.container.api.ContainerInfo#providers()} gives them. */
    Map<String, String> names() {
        var names = new LinkedHashMap<String, String>();
        names.put("rootfs", rootfs.name());
        names.put("kernel", kernel.name());
        names.put("vsock", vsock.name());
        names.put("vm", vm.name());
        names.put("guest", agent.name());
        return names;
    }
}
