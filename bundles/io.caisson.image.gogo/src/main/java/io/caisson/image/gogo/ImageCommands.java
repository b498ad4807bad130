package io.caisson.image.gogo;

import io.caisson.host.linux.ffm.Terminal;
import io.caisson.image.api.Image;
import io.caisson.image.api.ImageConfig;
import io.caisson.image.api.ImageRecord;
import io.caisson.image.api.ImageReference;
import io.caisson.image.api.ImageService;
import io.caisson.image.api.ImageStore;
import io.caisson.service.api.Platform;
import io.caisson.shell.library.Arguments;
import io.caisson.shell.library.ByteSize;
import io.caisson.shell.library.CommandSyntax;
import io.caisson.shell.library.Json;
import io.caisson.shell.library.Listing;
import io.caisson.shell.library.PartialFailure;
import io.caisson.shell.library.ProgressLine;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.felix.service.command.Descriptor;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** {@code image:list}, {@code load}, {@code remove} and {@code inspect}. */
@Component(
        service = ImageCommands.class,
        property = {
            "osgi.command.scope=image",
            "osgi.command.function=list",
            "osgi.command.function=load",
            "osgi.command.function=remove",
            "osgi.command.function=inspect",
            "caisson.command.short="
        })
public final class ImageCommands {
    private static final CommandSyntax LIST =
            CommandSyntax.builder("image list", "List images").listing().build();

    private static final CommandSyntax LOAD = CommandSyntax.builder(
                    "image load", "Bring the images of OCI layouts, directories or tar archives, into the image store")
            .flag('q', "quiet", "Show no progress")
            .operands("FILE|DIR…", 1, Integer.MAX_VALUE)
            .build();

    private static final CommandSyntax REMOVE = CommandSyntax.builder("image remove", "Forget the names of images")
            .operands("IMAGE…", 1, Integer.MAX_VALUE)
            .build();

    private static final CommandSyntax INSPECT = CommandSyntax.builder(
                    "image inspect", "Show what an image is made of and how it runs, as JSON")
            .option((char) 0, "platform", "OS/ARCH", "Which of its platforms (default: the host's)")
            .operands("IMAGE", 1, 1)
            .build();

    private final ImageStore store;
    private final ImageService images;

    /** Made by Declarative Services. */
    @Activate
    public ImageCommands(
            @Reference(policyOption = ReferencePolicyOption.GREEDY) ImageStore store,
            @Reference(policyOption = ReferencePolicyOption.GREEDY) ImageService images) {
        this.store = store;
        this.images = images;
    }

    /** A line of the list. */
    record Row(String name, String digest, List<String> platforms, Optional<Instant> created, ByteSize size) {}

    /** Lists the images in the store. */
    @Descriptor("List images")
    public Object list(String[] line) {
        Arguments arguments = LIST.parse(List.of(line));
        if (arguments.help()) {
            return LIST.help();
        }
        var rows = new ArrayList<Row>();
        for (ImageRecord image : store.list()) {
            var platforms = new ArrayList<String>();
            image.platforms().forEach(platform -> platforms.add(platform.toString()));
            rows.add(new Row(
                    image.reference().familiar(),
                    image.target().digest().toString(),
                    platforms,
                    image.created(),
                    new ByteSize(image.size())));
        }
        return new Listing(Row.class, rows, arguments.style());
    }

    /** Loads layouts; returns the names of their images, a line each. */
    @Descriptor("Bring the images of OCI layouts into the image store")
    public Object load(String[] line) throws InterruptedException {
        Arguments arguments = LOAD.parse(List.of(line));
        if (arguments.help()) {
            return LOAD.help();
        }
        boolean quiet = arguments.has("quiet");
        try (var progress = new ProgressLine(() -> quiet ? ProgressLine.NO_TERMINAL : columns())) {
            return PartialFailure.orEach(arguments.operands(), file -> {
                var names = new ArrayList<String>();
                for (ImageReference reference : images.load(Path.of(file), progress)) {
                    names.add(reference.familiar());
                }
                return names;
            });
        }
    }

    private static int columns() {
        return Terminal.size(Terminal.Stream.ERROR).map(Terminal.Size::columns).orElse(ProgressLine.NO_TERMINAL);
    }

    /** Removes names; returns them. */
    @Descriptor("Forget the names of images")
    public Object remove(String[] line) {
        Arguments arguments = REMOVE.parse(List.of(line));
        if (arguments.help()) {
            return REMOVE.help();
        }
        return PartialFailure.orEach(arguments.operands(), name -> {
            ImageReference reference = ImageReference.parse(name);
            store.remove(reference);
            return List.of(reference.familiar());
        });
    }

    /** What is shown of an image. */
    record Details(
            String name,
            String digest,
            String platform,
            List<String> entrypoint,
            List<String> command,
            List<String> env,
            String workingDirectory,
            String user,
            Optional<String> stopSignal,
            Map<String, String> labels,
            List<Part> layers) {}

    /** A layer of an image. */
    record Part(String digest, String mediaType, long size) {}

    /** Shows one image. */
    @Descriptor("Show what an image is made of and how it runs")
    public Object inspect(String[] line) {
        Arguments arguments = INSPECT.parse(List.of(line));
        if (arguments.help()) {
            return INSPECT.help();
        }
        Platform platform = arguments.value("platform").map(Platform::parse).orElseGet(Platform::host);
        Image image = store.image(ImageReference.parse(arguments.operands().getFirst()), platform);
        ImageConfig config = image.config();
        var layers = new ArrayList<Part>();
        for (var layer : image.layers()) {
            layers.add(new Part(layer.digest().toString(), layer.mediaType(), layer.size()));
        }
        return Json.write(new Details(
                image.reference().toString(),
                image.manifest().digest().toString(),
                image.platform().toString(),
                config.entrypoint(),
                config.command(),
                config.env(),
                config.workingDirectory(),
                config.user(),
                config.stopSignal(),
                config.labels(),
                layers));
    }
}
