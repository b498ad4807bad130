package io.caisson.image.store.provider;

import io.caisson.image.api.Descriptor;
import io.caisson.image.api.Digest;
import io.caisson.image.api.ImageReference;
import io.caisson.image.api.ImageStore;
import io.caisson.service.api.CaissonException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A store in a process of its own, for the tests of what several processes, or dying ones, do to one home. */
final class StoreProcess {
    private StoreProcess() {}

    /**
     * {@code tag HOME PREFIX COUNT DIGEST SIZE}; {@code ingest HOME DIGEST SIZE}, the blob on standard input;
     * {@code ingest-while-filling HOME DIGEST SIZE FILLER}; {@code hold HOME} keeps the lock until standard input ends.
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path home = Path.of(arguments[1]);
        ImageStore store = new LocalImageStore(home, new RecordedLog().logger());
        var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        try {
            switch (arguments[0]) {
                case "tag" -> {
                    for (int i = 0; i < Integer.parseInt(arguments[3]); i++) {
                        store.tag(ImageReference.parse(arguments[2] + i), descriptor(arguments[4], arguments[5]));
                    }
                }
                case "ingest" -> store.content().ingest(descriptor(arguments[2], arguments[3]), System.in);
                case "ingest-while-filling" ->
                    store.content()
                            .ingest(
                                    descriptor(arguments[2], arguments[3]),
                                    new Filling(System.in, Path.of(arguments[4])));
                default ->
                    new ReferenceFile(home).update(references -> {
                        out.println("held");
                        untilEnd(System.in);
                    });
            }
            out.println("done");
        } catch (CaissonException e) {
            out.println(e.kind() + " " + e.getMessage());
        }
    }

    private static void untilEnd(InputStream in) {
        try {
            in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A source that fills the disk when a third of it has been read. */
    private static final class Filling extends FilterInputStream {
        private final Path filler;
        private long count;

        Filling(InputStream in, Path filler) {
            super(in);
            this.filler = filler;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (count > 1_000_000 && !Files.exists(filler)) {
                try (OutputStream out = Files.newOutputStream(filler)) {
                    while (true) {
                        out.write(new byte[4096]);
                    }
                } catch (IOException e) {
                    // Full.
                }
            }
            int read = super.read(buffer, offset, length);
            count += read;
            return read;
        }
    }

    private static Descriptor descriptor(String digest, String size) {
        return new Descriptor("application/octet-stream", Digest.parse(digest), Long.parseLong(size));
    }

    static ProcessBuilder command(String... arguments) {
        var command = new ArrayList<String>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                StoreProcess.class.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    }

    static String output(Process process) throws IOException, InterruptedException {
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output.strip();
    }
}
