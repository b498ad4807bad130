package io.caisson.image.layout.provider;

import io.caisson.image.api.ImageArchive;
import io.caisson.image.api.ImageReference;
import io.caisson.image.api.ImageStore;
import io.caisson.service.api.Availability;
import io.caisson.service.api.FrameworkProperties;
import io.caisson.service.api.ProgressListener;
import io.caisson.service.api.Provider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** OCI image layouts, as a directory or as a tar archive, which may be compressed with gzip. */
@Component(service = ImageArchive.class, property = Provider.NAME + "=oci-layout")
public final class LayoutArchive implements ImageArchive {
    private final Path home;

    /** Layouts from anywhere; the home directory has room for a while for what is being decompressed. */
    @Activate
    public LayoutArchive(BundleContext context) {
        this(FrameworkProperties.home(context.getProperty(FrameworkProperties.HOME)));
    }

    LayoutArchive(Path home) {
        this.home = home;
    }

    @Override
    public Availability availability() {
        return Availability.yes();
    }

    @Override
    public boolean recognises(Path source) {
        return Files.isDirectory(source)
                ? Files.exists(source.resolve(Layout.MARKER))
                : Files.isRegularFile(source) && LayoutTar.recognises(source);
    }

    @Override
    public List<ImageReference> load(Path source, ImageStore store, ProgressListener progress)
            throws InterruptedException {
        try (LayoutFiles files =
                Files.isDirectory(source) ? new LayoutDirectory(source) : LayoutTar.open(source, home)) {
            return new LayoutLoad(new Layout(files), source).load(store, progress);
        } catch (IOException e) {
            throw Failures.of("cannot load " + source, e);
        }
    }
}
