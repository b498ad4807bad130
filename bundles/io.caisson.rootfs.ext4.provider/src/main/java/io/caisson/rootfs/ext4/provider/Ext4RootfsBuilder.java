package io.caisson.rootfs.ext4.provider;

import io.caisson.archive.library.Compression;
import io.caisson.archive.library.LayerApplier;
import io.caisson.archive.library.LayerException;
import io.caisson.archive.library.LayerLimits;
import io.caisson.archive.library.UnsupportedCompressionException;
import io.caisson.ext4.library.Ext4Entry;
import io.caisson.ext4.library.Ext4Options;
import io.caisson.ext4.library.Ext4Writer;
import io.caisson.ext4.library.FileSystemFullException;
import io.caisson.ext4.library.TargetException;
import io.caisson.rootfs.api.Layer;
import io.caisson.rootfs.api.RootfsBuilder;
import io.caisson.rootfs.api.RootfsImage;
import io.caisson.service.api.Availability;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.FrameworkProperties;
import io.caisson.service.api.ProgressListener;
import io.caisson.service.api.Provider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** Root file systems as ext4 images, written without mounting anything. Safe for any number of threads. */
@Component(
        service = RootfsBuilder.class,
        property = {Provider.NAME + "=ext4", RootfsBuilder.SCRATCH + ":Boolean=true"})
public final class Ext4RootfsBuilder implements RootfsBuilder {
    private static final String FILE_SYSTEM = "ext4";

    /** Changes when the same layers give another image than before; part of the name of what is kept. */
    private static final String REVISION = "1." + Ext4Writer.FORMAT_REVISION;

    private static final long MIN_SCRATCH_BYTES = 16L << 20;

    /** Disks of one size are the same to the byte: each belongs to one virtual machine, where nothing looks it up. */
    private static final UUID SCRATCH_UUID = UUID.fromString("ca155000-5c4a-8c40-8000-000000000000");

    private final LayerLimits limits;
    private final Path home;
    private final ImageCache cache;

    /** How the builder can be configured. */
    public @interface Config {
        /** The most entries that an image's layers may have together. */
        long layers_entries_max() default 20_000_000;

        /** The most bytes that an image's layers may be together, decompressed. */
        long layers_bytes_max() default 1L << 40;
    }

    /** Begins to serve; makes nothing yet. */
    @Activate
    public Ext4RootfsBuilder(BundleContext context, Config config) {
        this(
                FrameworkProperties.home(context.getProperty(FrameworkProperties.HOME)),
                new LayerLimits(config.layers_entries_max(), config.layers_bytes_max()));
    }

    Ext4RootfsBuilder(Path home, LayerLimits limits) {
        this.home = home;
        this.limits = limits;
        cache = new ImageCache(home);
    }

    @Override
    public Availability availability() {
        return Availability.yes();
    }

    @Override
    public RootfsImage build(String key, List<Layer> layers, ProgressListener progress) throws InterruptedException {
        String name = ImageName.of(key, REVISION);
        if (!cache.has(name)) {
            buildImage(key, name, layers, progress);
        }
        return new RootfsImage(cache.path(name), FILE_SYSTEM);
    }

    /** Apart from {@link #build}, so that a start with an image that is there loads and links none of this. */
    private void buildImage(String key, String name, List<Layer> layers, ProgressListener progress)
            throws InterruptedException {
        String task = "building the root file system of " + key;
        try {
            cache.ensure(name, target -> write(key, layers, progress, task, target));
        } catch (IOException e) {
            throw failure(task, e, home);
        }
    }

    private void write(String key, List<Layer> layers, ProgressListener progress, String task, FileChannel target)
            throws IOException, InterruptedException {
        // No lost+found: the image is never repaired, and containers would see it.
        Ext4Writer writer = new Ext4Writer(
                target,
                Ext4Options.builder(ImageName.uuid(key)).lostAndFound(false).build());
        LayerApplier<Ext4Entry> applier = new LayerApplier<>(new Ext4Target(writer), limits);
        var read = new ReadProgress(progress, task, layers);
        for (Layer layer : layers) {
            try (InputStream stored = read.counting(layer.open());
                    InputStream tar = Compression.decompress(stored, layer.mediaType())) {
                applier.apply(layer.name(), tar);
            }
        }
        writer.finish();
        read.finished();
    }

    @Override
    public void createScratch(Path file, long bytes) throws InterruptedException {
        if (bytes < MIN_SCRATCH_BYTES) {
            throw new CaissonException(
                    ErrorKind.INVALID_ARGUMENT,
                    "cannot make a scratch disk of " + bytes + " bytes: " + MIN_SCRATCH_BYTES + " are the least");
        }
        boolean made = false;
        boolean whole = false;
        try (FileChannel target = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            made = true;
            new Ext4Writer(
                            target,
                            Ext4Options.builder(SCRATCH_UUID)
                                    .size(bytes)
                                    .label("scratch")
                                    .build())
                    .finish();
            whole = true;
        } catch (IOException e) {
            throw failure("making the scratch disk " + file, e, file);
        } finally {
            if (made && !whole) {
                remove(file);
            }
        }
    }

    private static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new CaissonException(ErrorKind.UNAVAILABLE, "cannot remove the incomplete scratch disk " + file, e);
        }
    }

    /** Says what a failure means for who asked. */
    private static CaissonException failure(String task, IOException e, Path place) throws InterruptedException {
        if (isInterruption(e)) {
            boolean unused = Thread.interrupted();
            var interrupted = new InterruptedException("interrupted while " + task);
            interrupted.initCause(e);
            throw interrupted;
        }
        ErrorKind kind =
                switch (e) {
                    case LayerException _ -> ErrorKind.CORRUPT;
                    case UnsupportedCompressionException _ -> ErrorKind.UNSUPPORTED;
                    case FileSystemFullException _ -> ErrorKind.UNSUPPORTED;
                    case FileAlreadyExistsException _ -> ErrorKind.EXISTS;
                    default -> ErrorKind.UNAVAILABLE;
                };
        return new CaissonException(kind, "failed " + task + ": " + reason(e, place), e);
    }

    private static boolean isInterruption(IOException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof ClosedByInterruptException || cause instanceof FileLockInterruptionException) {
                return true;
            }
        }
        return false;
    }

    private static String reason(IOException e, Path place) {
        return switch (e) {
            case TargetException target -> message(target.getCause()) + room(place);
            case FileAlreadyExistsException _ -> "the file exists";
            case FileSystemException system -> system.getFile() + ": " + systemReason(system);
            default -> message(e);
        };
    }

    private static String systemReason(FileSystemException e) {
        String reason = e.getReason();
        return reason == null ? e.getClass().getSimpleName() : reason;
    }

    private static String message(IOException e) {
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }

    private static String room(Path place) {
        @Nullable Path existing = place;
        while (existing != null && !Files.exists(existing)) {
            existing = existing.getParent();
        }
        if (existing == null) {
            return "";
        }
        try {
            long free = Files.getFileStore(existing).getUsableSpace() >> 20;
            return " (" + free + " MiB are free for " + existing + "; make room there or move it by CAISSON_HOME)";
        } catch (IOException e) {
            return " (how much room there is for " + existing + " is not known either)";
        }
    }
}
