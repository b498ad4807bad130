package io.caisson.image.layout.provider;

import io.caisson.image.api.Descriptor;
import io.caisson.image.api.ImageReference;
import io.caisson.image.api.ImageSource;
import io.caisson.image.api.ListableSource;
import io.caisson.image.library.ImageIndex;
import io.caisson.service.api.Availability;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.FrameworkProperties;
import io.caisson.service.api.Provider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * The images that come with the product: a directory of OCI layouts, so that the first container needs no registry. Only
 * images that give themselves a whole name are found. Preferred to other sources, for it is the nearest.
 */
@Component(
        service = ImageSource.class,
        property = {Provider.NAME + "=shipped", "service.ranking:Integer=1000"})
public final class ShippedImages implements ImageSource, ListableSource {
    private final @Nullable Path directory;

    /** The images of the framework property {@link FrameworkProperties#IMAGES}; reads nothing yet. */
    @Activate
    public ShippedImages(BundleContext context) {
        this(context.getProperty(FrameworkProperties.IMAGES));
    }

    ShippedImages(@Nullable String directory) {
        this.directory = directory == null ? null : Path.of(directory);
    }

    @Override
    public Availability availability() {
        if (directory == null) {
            return Availability.no("the framework property " + FrameworkProperties.IMAGES + " is not set", "");
        }
        return Files.isDirectory(directory)
                ? Availability.yes()
                : Availability.no(directory + " is no directory", "install Caisson again");
    }

    private record Found(Path layout, Descriptor image) {}

    @Override
    public Optional<Descriptor> resolve(ImageReference reference) {
        return find(reference).map(Found::image);
    }

    @Override
    public InputStream open(ImageReference reference, Descriptor content) throws IOException {
        Optional<Found> found = find(reference);
        if (found.isEmpty()) {
            throw new CaissonException(
                    ErrorKind.NOT_FOUND, "no image " + reference.familiar() + " among those in " + directory);
        }
        Path layout = found.get().layout;
        try (LayoutFiles files = new LayoutDirectory(layout)) {
            // A stream of a directory's file outlives the layout.
            return new Layout(files).open(content);
        } catch (LayoutException e) {
            throw failure(layout, e);
        }
    }

    private Optional<Found> find(ImageReference reference) {
        for (Path layout : layouts()) {
            try (LayoutFiles files = new LayoutDirectory(layout)) {
                for (ImageIndex.Entry entry : new Layout(files).index().entries()) {
                    Optional<ImageReference> name = LayoutNames.given(entry.descriptor());
                    if (name.isPresent() && matches(name.get(), entry.descriptor(), reference)) {
                        return Optional.of(new Found(layout, entry.descriptor()));
                    }
                }
            } catch (IOException e) {
                throw failure(layout, e);
            }
        }
        return Optional.empty();
    }

    @Override
    public List<ImageReference> names() {
        var names = new ArrayList<ImageReference>();
        for (Path layout : layouts()) {
            try (LayoutFiles files = new LayoutDirectory(layout)) {
                for (ImageIndex.Entry entry : new Layout(files).index().entries()) {
                    LayoutNames.given(entry.descriptor()).ifPresent(names::add);
                }
            } catch (IOException e) {
                throw failure(layout, e);
            }
        }
        return names;
    }

    private static boolean matches(ImageReference name, Descriptor image, ImageReference wanted) {
        return wanted.digest().isPresent()
                ? wanted.registry().equals(name.registry())
                        && wanted.repository().equals(name.repository())
                        && wanted.digest().get().equals(image.digest())
                : wanted.equals(name);
    }

    /** All layouts, in alphabetical order. */
    private List<Path> layouts() {
        var layouts = new ArrayList<Path>();
        if (directory == null || !Files.isDirectory(directory)) {
            return layouts;
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                if (Files.exists(entry.resolve(Layout.MARKER))) {
                    layouts.add(entry);
                }
            }
        } catch (IOException e) {
            throw failure(directory, e);
        }
        Collections.sort(layouts);
        return layouts;
    }

    private static CaissonException failure(Path layout, IOException cause) {
        return Failures.of("cannot use the shipped image in " + layout, cause);
    }
}
