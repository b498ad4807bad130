package io.caisson.busybox.image;

import io.caisson.image.api.Descriptor;
import io.caisson.image.library.MediaTypes;
import io.caisson.json.library.JsonWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Makes the image {@code busybox}: Debian's static busybox with a hard link in {@code /bin} for each of its commands, as
 * Docker's image of that name has it, the usual directories, and the files that name users and groups. The layer is not
 * compressed: the digest then depends on the busybox alone, not on a compressor's version.
 */
public final class BusyboxImage {
    private static final String NAME = "docker.io/library/busybox:latest";
    private static final String PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private static final String REMEDY = " (install it: apt-get install busybox-static)";

    private static final String PASSWD = """
            root:x:0:0:root:/root:/bin/sh
            daemon:x:1:1:daemon:/usr/sbin:/bin/false
            bin:x:2:2:bin:/bin:/bin/false
            www-data:x:33:33:www-data:/var/www:/bin/false
            nobody:x:65534:65534:nobody:/home:/bin/false
            """;

    private static final String GROUP = """
            root:x:0:
            daemon:x:1:
            bin:x:2:
            tty:x:5:
            www-data:x:33:
            nogroup:x:65534:
            """;

    private final StaticProgram busybox;
    private final String version;
    private final List<String> commands;

    private BusyboxImage(StaticProgram busybox, String version, List<String> commands) {
        this.busybox = busybox;
        this.version = version;
        this.commands = commands;
    }

    /**
     * Makes the image.
     *
     * @param arguments the busybox program; the layout's directory, which is replaced; the image's and its files' time
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (arguments.length != 3) {
            throw new IllegalArgumentException("usage: BusyboxImage PROGRAM DIRECTORY TIME");
        }
        Path directory = Path.of(arguments[1]);
        delete(directory);
        of(Path.of(arguments[0])).write(directory, Instant.parse(arguments[2]));
    }

    /** The image of a static busybox that runs on this machine. */
    static BusyboxImage of(Path program) throws IOException, InterruptedException {
        if (!Files.isExecutable(program)) {
            throw new IOException(
                    "the image busybox needs " + program + " from Debian's package busybox-static" + REMEDY);
        }
        StaticProgram busybox;
        try {
            busybox = StaticProgram.read(program);
        } catch (IOException e) {
            throw new IOException("the image busybox cannot use " + program + ": " + e.getMessage() + REMEDY, e);
        }
        List<String> commands = new ArrayList<>(run(program, "--list"));
        commands.remove("busybox");
        Collections.sort(commands);
        // "BusyBox v1.35.0 (Debian 1:1.35.0-4) multi-call binary."
        String version =
                run(program, "--help").getFirst().replace("BusyBox v", "").replace(" multi-call binary.", "");
        return new BusyboxImage(busybox, version, commands);
    }

    private static List<String> run(Path program, String argument) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(program.toString(), argument)
                .redirectErrorStream(true)
                .start();
        List<String> lines;
        try (var reader = process.inputReader(StandardCharsets.US_ASCII)) {
            lines = reader.lines().toList();
        }
        if (process.waitFor() != 0 || lines.isEmpty()) {
            throw new IOException(program + " " + argument + " exits " + process.exitValue() + ": " + lines);
        }
        return lines;
    }

    /** Writes the image as an OCI layout. */
    Descriptor write(Path directory, Instant created) throws IOException {
        var layout = new LayoutWriter(directory);
        Descriptor layer = layout.blob(MediaTypes.LAYER, layer(created));
        Descriptor config = layout.blob(MediaTypes.CONFIG, config(layer, created));
        Descriptor manifest = layout.manifest(config, layer, Map.of("org.opencontainers.image.version", version));
        layout.finish(manifest, busybox.architecture(), NAME);
        return manifest;
    }

    private byte[] layer(Instant created) {
        var tar = new TarWriter(created);
        tar.directory("bin", 0755);
        tar.file("bin/busybox", 0755, busybox.content());
        for (String command : commands) {
            tar.hardLink("bin/" + command, 0755, "bin/busybox");
        }
        tar.directory("dev", 0755);
        tar.directory("etc", 0755);
        tar.file("etc/group", 0644, GROUP.getBytes(StandardCharsets.US_ASCII));
        tar.file("etc/passwd", 0644, PASSWD.getBytes(StandardCharsets.US_ASCII));
        tar.directory("home", 0755);
        tar.directory("proc", 0555);
        tar.directory("root", 0700);
        tar.directory("run", 0755);
        tar.directory("sys", 0555);
        tar.directory("tmp", 01777);
        tar.directory("usr", 0755);
        tar.directory("usr/bin", 0755);
        // Where scripts look for it, whatever the system.
        tar.symbolicLink("usr/bin/env", "../../bin/env");
        tar.directory("var", 0755);
        tar.directory("var/log", 0755);
        tar.directory("var/tmp", 01777);
        return tar.finish();
    }

    private byte[] config(Descriptor layer, Instant created) {
        return new JsonWriter()
                .object()
                .member("created", created.toString())
                .member("architecture", busybox.architecture())
                .member("os", "linux")
                .object("config")
                .member("Env", List.of(PATH))
                .member("Cmd", List.of("sh"))
                .member("Labels", Map.of("org.opencontainers.image.licenses", "GPL-2.0-only"))
                .end()
                .object("rootfs")
                .member("type", "layers")
                .member("diff_ids", List.of(layer.digest().toString()))
                .end()
                .array("history")
                .object()
                .member("created", created.toString())
                .member("created_by", "busybox-static " + version)
                .end()
                .end()
                .end()
                .bytes();
    }

    private static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        List<Path> paths;
        try (Stream<Path> walk = Files.walk(directory)) {
            paths = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : paths) {
            Files.delete(path);
        }
    }
}
