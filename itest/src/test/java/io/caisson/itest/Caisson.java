package io.caisson.itest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The distribution's command, run as its users run it: a process of its own with a home. */
final class Caisson {
    private static final long PATIENCE_SECONDS = 180;

    private final List<String> prefix;
    private final Path distribution;
    private final Path home;
    private final Path directory;

    private Caisson(List<String> prefix, Path distribution, Path home, Path directory) {
        this.prefix = prefix;
        this.distribution = distribution;
        this.home = home;
        this.directory = directory;
    }

    static Caisson withHome(Path home) {
        return new Caisson(List.of(), Features.distribution(), home, Path.of("/"));
    }

    /** The same through another command, such as one that changes the user. */
    Caisson through(String... command) {
        return new Caisson(List.of(command), distribution, home, directory);
    }

    /** The same from another distribution. */
    Caisson from(Path otherDistribution) {
        return new Caisson(prefix, otherDistribution, home, directory);
    }

    /** The same in another working directory. */
    Caisson in(Path otherDirectory) {
        return new Caisson(prefix, distribution, home, otherDirectory);
    }

    /** What a finished command left: its exit status and all it wrote. */
    record Outcome(int status, String text, String err) {}

    /** Starts a command; the caller ends it. */
    Started start(String... arguments) throws IOException {
        var command = new ArrayList<>(prefix);
        command.add(distribution.resolve("bin/caisson").toString());
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().put("CAISSON_HOME", home.toString());
        return new Started(builder.start());
    }

    /** Runs a command to its end, without input. */
    Outcome run(String... arguments) throws IOException, InterruptedException {
        return runWithInput(new byte[0], arguments);
    }

    /** Runs a command to its end with this input. */
    Outcome runWithInput(byte[] input, String... arguments) throws IOException, InterruptedException {
        try (Started started = start(arguments)) {
            started.write(input);
            return started.finish();
        }
    }

    /** A command that runs. */
    static final class Started implements AutoCloseable {
        private final Process process;
        private final CompletableFuture<String> firstLine = new CompletableFuture<>();
        private final CompletableFuture<byte[]> out;
        private final CompletableFuture<byte[]> err;

        private Started(Process process) {
            this.process = process;
            out = CompletableFuture.supplyAsync(() -> readOutput(process.getInputStream()), Thread::startVirtualThread);
            err = CompletableFuture.supplyAsync(() -> readAll(process.getErrorStream()), Thread::startVirtualThread);
        }

        Process process() {
            return process;
        }

        /** Waits for the first line of standard output. */
        String firstLine() throws Exception {
            return firstLine.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }

        private byte[] readOutput(InputStream from) {
            try (from) {
                var bytes = new ByteArrayOutputStream();
                byte[] buffer = new byte[64 << 10];
                int count;
                while ((count = from.read(buffer)) >= 0) {
                    bytes.write(buffer, 0, count);
                    if (!firstLine.isDone()) {
                        String text = bytes.toString(StandardCharsets.UTF_8);
                        if (text.contains("\n")) {
                            firstLine.complete(text.substring(0, text.indexOf('\n')));
                        }
                    }
                }
                firstLine.completeExceptionally(new AssertionError("no output: " + bytes));
                return bytes.toByteArray();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Writes everything and closes the input. */
        void write(byte[] input) throws IOException, InterruptedException {
            try (OutputStream to = process.getOutputStream()) {
                to.write(input);
            } catch (IOException e) {
                // A command that ends without reading all of its input is no fault; its outcome says how it ended.
                if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                    throw e;
                }
            }
        }

        Outcome finish() throws InterruptedException {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("still runs after " + PATIENCE_SECONDS + " s: " + process.info());
            }
            return new Outcome(
                    process.exitValue(),
                    new String(out.join(), StandardCharsets.UTF_8),
                    new String(err.join(), StandardCharsets.UTF_8));
        }

        private static byte[] readAll(InputStream from) {
            try (from) {
                var bytes = new ByteArrayOutputStream();
                from.transferTo(bytes);
                return bytes.toByteArray();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void close() {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }
}
