package io.caisson.container.provider;

import io.caisson.container.api.ContainerSpec;
import io.caisson.container.provider.Providers.Candidate;
import io.caisson.guest.api.GuestAgent;
import io.caisson.image.api.ImageService;
import io.caisson.image.api.ImageStore;
import io.caisson.kernel.api.KernelProvider;
import io.caisson.rootfs.api.RootfsBuilder;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.vm.api.VirtualMachineProvider;
import io.caisson.vsock.api.VsockTransport;
import java.util.Collections;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** All providers there are, and the choice among them for one start. */
final class Whiteboard {
    final Providers<RootfsBuilder> rootfs = new Providers<>("rootfs builder");
    final Providers<KernelProvider> kernels = new Providers<>("kernel");
    final Providers<VsockTransport> vsocks = new Providers<>("vsock transport");
    final Providers<VirtualMachineProvider> machines = new Providers<>("virtual machine provider");
    final Providers<GuestAgent> agents = new Providers<>("guest agent");
    final AtomicReference<@Nullable ImageService> images = new AtomicReference<>();
    final AtomicReference<@Nullable ImageStore> store = new AtomicReference<>();

    /**
     * The best providers, now, for a container.
     *
     * @throws CaissonException NOT_FOUND when one asked for by name is not here, UNAVAILABLE or UNSUPPORTED when none
     *     can serve, with the reasons
     */
    Ingredients choose(ContainerSpec spec) {
        String architecture = spec.platform().architecture();
        if (!spec.platform().os().equals("linux")) {
            throw new CaissonException(
                    ErrorKind.UNSUPPORTED, "containers of " + spec.platform().os() + " cannot run: linux only");
        }
        String forArchitecture = "for " + architecture;
        Candidate<VirtualMachineProvider> machine = machines.choose(
                spec.vm(),
                candidate ->
                        candidate.strings(VirtualMachineProvider.ARCHITECTURES).contains(architecture),
                forArchitecture);
        var attachments = machine.strings(VirtualMachineProvider.VSOCK_ATTACHMENTS);
        Candidate<VsockTransport> vsock = vsocks.choose(
                Optional.empty(),
                candidate -> !Collections.disjoint(candidate.strings(VsockTransport.ATTACHMENT), attachments),
                "that " + machine.name() + " takes");
        Candidate<KernelProvider> kernel = kernels.choose(
                spec.kernel(),
                candidate -> candidate.strings(KernelProvider.ARCHITECTURE).contains(architecture),
                forArchitecture);
        Candidate<GuestAgent> agent = agents.choose(
                Optional.empty(),
                candidate -> candidate.strings(GuestAgent.ARCHITECTURES).contains(architecture),
                forArchitecture);
        Candidate<RootfsBuilder> root = rootfs.choose(spec.rootfs(), candidate -> true, "");
        Candidate<RootfsBuilder> scratch = root.flag(RootfsBuilder.SCRATCH)
                ? root
                : rootfs.choose(
                        Optional.empty(),
                        candidate -> candidate.flag(RootfsBuilder.SCRATCH),
                        "that makes scratch disks");
        return new Ingredients(
                installed(images.get(), "image service"),
                installed(store.get(), "image store").content(),
                root,
                scratch,
                kernel,
                vsock,
                machine,
                agent);
    }

    private static <T> T installed(@Nullable T service, String what) {
        if (service == null) {
            throw new CaissonException(
                    ErrorKind.UNAVAILABLE, "no " + what + " is installed: install a bundle that brings one");
        }
        return service;
    }
}
