package io.caisson.rootfs.ext4.provider;

import io.caisson.archive.library.LayerLimits;
import io.caisson.rootfs.api.Layer;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ProgressListener;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A builder in a process of its own, and how to start one. */
final class BuilderProcess {
    private BuilderProcess() {}

    /**
     * Builds an image, or a scratch disk when there is no layer.
     *
     * @param arguments home, key or disk, the layer's file; a last {@code hold} makes it say so in the middle of the
     *     layer and then read standard input to its end
     */
    public static void main(String[] arguments) throws Exception {
        Ext4RootfsBuilder builder =
                new Ext4RootfsBuilder(Path.of(arguments[0]), new LayerLimits(Long.MAX_VALUE, Long.MAX_VALUE));
        try {
            if (arguments.length == 2) {
                builder.createScratch(Path.of(arguments[1]), 64L << 30);
            } else {
                Layer layer = new FileLayer(Path.of(arguments[2]), arguments.length > 3);
                builder.build(arguments[1], List.of(layer), ProgressListener.NONE);
            }
            System.out.println("done");
        } catch (CaissonException e) {
            System.out.println(e.kind() + " " + e.getMessage());
        }
    }

    /** Starts {@link #main}; files may become no larger than so many KiB when that is not 0. */
    static Process start(long maxFileKibibytes, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        if (maxFileKibibytes > 0) {
            command.addAll(List.of("bash", "-c", "ulimit -f " + maxFileKibibytes + "; exec \"$@\"", "bash"));
        }
        String classPath = System.getProperty("surefire.test.class.path");
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-cp",
                classPath == null ? System.getProperty("java.class.path") : classPath,
                BuilderProcess.class.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private record FileLayer(Path file, boolean holds) implements Layer {
        @Override
        public String name() {
            return file.toString();
        }

        @Override
        public String mediaType() {
            return "application/vnd.oci.image.layer.v1.tar";
        }

        @Override
        public long size() {
            return 0;
        }

        @Override
        public InputStream open() throws IOException {
            System.out.println("opened");
            InputStream in = Files.newInputStream(file);
            return holds ? new Holding(in) : in;
        }
    }

    /** Waits for the end of standard input once something was read. */
    private static final class Holding extends FilterInputStream {
        private boolean held;

        Holding(InputStream in) {
            super(in);
        }

        @Override
        public int read(byte[] into, int at, int count) throws IOException {
            if (!held && count > 4) {
                held = true;
                System.out.println("holding");
                while (System.in.read() >= 0) {
                    // until whoever holds the other end lets go
                }
            }
            return super.read(into, at, count);
        }
    }
}
