package io.caisson.kernel.bundled.provider;

import io.caisson.kernel.api.Kernel;
import io.caisson.kernel.api.KernelProvider;
import io.caisson.service.api.Availability;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.FrameworkProperties;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * The kernel that this bundle carries, unpacked to {@code kernels/<sha256>/vmlinux} in the home directory. The bundle's
 * build writes the service properties.
 */
@Component(service = KernelProvider.class, properties = "OSGI-INF/kernel.properties")
public final class BundledKernelProvider implements KernelProvider {
    private static final String RECORD = "vmlinux.properties";
    private static final String IMAGE = "vmlinux.gz";

    private final @Nullable String home;
    private final KernelRecord record;
    private final KernelFile.Source source;

    /** For the component runtime. */
    @Activate
    public BundledKernelProvider(BundleContext context) throws IOException {
        this(context.getProperty(FrameworkProperties.HOME));
    }

    BundledKernelProvider(@Nullable String home) throws IOException {
        this(home, readRecord(), () -> resource(IMAGE));
    }

    BundledKernelProvider(@Nullable String home, KernelRecord record, KernelFile.Source source) {
        this.home = home;
        this.record = record;
        this.source = source;
    }

    private static KernelRecord readRecord() throws IOException {
        try (InputStream stream = resource(RECORD)) {
            return KernelRecord.read(stream);
        }
    }

    private static InputStream resource(String name) throws IOException {
        InputStream stream = BundledKernelProvider.class.getResourceAsStream(name);
        if (stream == null) {
            throw new IOException("the bundle has no " + name);
        }
        return stream;
    }

    @Override
    public Availability availability() {
        if (home == null) {
            return Availability.no(
                    "the framework property " + FrameworkProperties.HOME + " is not set",
                    "set it to the absolute path of a directory");
        }
        Path image = file(home).path();
        if (Files.exists(image)) {
            return Availability.yes();
        }
        Path existing = image.getParent();
        while (existing != null && !Files.exists(existing)) {
            existing = existing.getParent();
        }
        return existing != null && Files.isWritable(existing)
                ? Availability.yes()
                : Availability.no(
                        "the kernel cannot be unpacked to " + image + ": " + existing + " is not writable", remedy());
    }

    @Override
    public Kernel kernel() throws InterruptedException {
        KernelFile file = file(FrameworkProperties.home(home).toString());
        try {
            if (!file.isSound()) {
                file.unpack(source);
            }
        } catch (KernelFile.DamagedSourceException | ZipException | EOFException e) {
            throw new CaissonException(
                    ErrorKind.CORRUPT,
                    "cannot unpack the kernel " + record.release() + ": the bundle that carries it is damaged; install"
                            + " Caisson anew",
                    e);
        } catch (IOException e) {
            throw new CaissonException(
                    ErrorKind.UNAVAILABLE,
                    "cannot put the kernel " + record.release() + " on disk as " + file.path() + ": " + reason(e) + "; "
                            + remedy(),
                    e);
        }
        return new Kernel(
                record.variant(),
                record.architecture(),
                record.release(),
                file.path(),
                List.of(),
                record.capabilities());
    }

    private KernelFile file(String homeDirectory) {
        return new KernelFile(Path.of(homeDirectory, "kernels", record.sha256()), record.size(), record.sha256());
    }

    private static String reason(IOException e) {
        if (e instanceof FileSystemException failure) {
            return failure.getReason() != null
                    ? failure.getReason()
                    : failure.getClass().getSimpleName() + " " + failure.getFile();
        }
        return String.valueOf(e.getMessage());
    }

    private String remedy() {
        return "make that writable or set " + FrameworkProperties.HOME + " (CAISSON_HOME) to a directory that is, with "
                + (record.size() >> 20) + " MiB free";
    }
}
