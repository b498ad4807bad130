package com.example.kernel;

import io.caisson.kernel.api.Kernel;
import io.caisson.kernel.api.KernelProvider;
import io.caisson.service.api.Availability;
import io.caisson.service.api.Provider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** Offers the kernel image that the framework property {@code example.kernel.image} names, before all others. */
@Component(
        property = {Provider.NAME + "=example", KernelProvider.ARCHITECTURE + "=amd64", "service.ranking:Integer=100"})
public final class FileKernelProvider implements KernelProvider {
    private final Path image;

    /** Made by Declarative Services. */
    @Activate
    public FileKernelProvider(BundleContext context) {
        String property = context.getProperty("example.kernel.image");
        image = Path.of(property == null ? "/nonexistent" : property);
    }

    @Override
    public Availability availability() {
        return Files.isReadable(image)
                ? Availability.yes()
                : Availability.no("there is no readable kernel image " + image, "set example.kernel.image");
    }

    @Override
    public Kernel kernel() {
        return new Kernel("example", "amd64", "unknown", image, List.of("example.kernel=1"), Set.of());
    }
}
