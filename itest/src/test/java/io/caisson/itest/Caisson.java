package io.caisson.itest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The distribution's command, run as its users run it: a process of its own with a home. */
final class Caisson {
    private static final long PATIENCE_SECONDS = 180;

    /**
     * What the tests' own starter ignores, as {@code nohup} and a shell's background jobs do, every command would inherit.
     */
    private static final List<String> DEFAULT_SIGNALS = List.of("env", "--default-signal=INT,QUIT,HUP");

    private final List<String> prefix;
    private final Path distribution;
    private final Path directory;
    private final Map<String, String> environment;

    private Caisson(List<String> prefix, Path distribution, Path directory, Map<String, String> environment) {
        this.prefix = prefix;
        this.distribution = distribution;
        this.directory = directory;
        this.environment = environment;
    }

    static Caisson withHome(Path home) {
        var environment = new TreeMap<>(System.getenv());
        environment.put("CAISSON_HOME", home.toString());
        return new Caisson(List.of(), Features.distribution(), Path.of("/"), environment);
    }

    /** The same through another command, such as one that changes the user. */
    Caisson through(String... command) {
        return new Caisson(List.of(command), distribution, directory, environment);
    }

    /** The same from another distribution. */
    Caisson from(Path otherDistribution) {
        return new Caisson(prefix, otherDistribution, directory, environment);
    }

    /** The same in another working directory. */
    Caisson in(Path otherDirectory) {
        return new Caisson(prefix, distribution, otherDirectory, environment);
    }

    /** The same with a variable of the environment set. */
    Caisson with(String name, String value) {
        var changed = new TreeMap<>(environment);
        changed.put(name, value);
        return new Caisson(prefix, distribution, directory, changed);
    }

    /** The same without a variable of the environment. */
    Caisson without(String name) {
        var changed = new TreeMap<>(environment);
        changed.remove(name);
        return new Caisson(prefix, distribution, directory, changed);
    }

    /** What a finished command left: its exit status and all it wrote. */
    record Outcome(int status, String text, String err) {}

    /** The words of a command, for whoever starts it in another way than {@link #start}. */
    List<String> command(String... arguments) {
        var command = new ArrayList<>(DEFAULT_SIGNALS);
        command.addAll(prefix);
        command.add(distribution.resolve("bin/caisson").toString());
        command.addAll(List.of(arguments));
        return command;
    }

    /** The environment of commands. */
    Map<String, String> environment() {
        return Collections.unmodifiableMap(environment);
    }

    /** A command that has not been started. */
    ProcessBuilder builder(String... arguments) {
        var builder = new ProcessBuilder(command(arguments)).directory(directory.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        return builder;
    }

    /** Starts a command; the caller ends it. */
    Started start(String... arguments) throws IOException {
        return new Started(builder(arguments).start());
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
        private final Written out;
        private final Written err;

        private Started(Process process) {
            this.process = process;
            out = new Written(process.getInputStream());
            err = new Written(process.getErrorStream());
        }

        Process process() {
            return process;
        }

        /** Sends a signal, by its name without SIG. */
        void signal(String name) throws IOException, InterruptedException {
            Signalling.send(process.pid(), name);
        }

        /** Waits for the first line of standard output. */
        String firstLine() throws InterruptedException {
            return out.firstLine();
        }

        /** Waits for the first line of standard error. */
        String firstErrorLine() throws InterruptedException {
            return err.firstLine();
        }

        /** Waits for a line of standard output. */
        void awaitLine(String line) throws InterruptedException {
            out.await(line + "\n");
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
            return new Outcome(process.exitValue(), out.all(), err.all());
        }

        @Override
        public void close() {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    /** What a command has written to one of its streams so far. */
    private static final class Written {
        private final Object changed = new Object();
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final CompletableFuture<Void> end;
        // Guarded by changed.
        private boolean ended;

        Written(InputStream from) {
            end = CompletableFuture.runAsync(() -> read(from), Thread::startVirtualThread);
        }

        private void read(InputStream from) {
            byte[] buffer = new byte[64 << 10];
            try (from) {
                for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
                    synchronized (changed) {
                        bytes.write(buffer, 0, count);
                        changed.notifyAll();
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } finally {
                synchronized (changed) {
                    ended = true;
                    changed.notifyAll();
                }
            }
        }

        String firstLine() throws InterruptedException {
            String text = await("\n");
            return text.substring(0, text.indexOf('\n'));
        }

        /** Waits until this is part of it; returns all there is by then. */
        String await(String part) throws InterruptedException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            synchronized (changed) {
                String text = bytes.toString(StandardCharsets.UTF_8);
                while (!text.contains(part)) {
                    long left = (deadline - System.nanoTime()) / 1_000_000;
                    if (ended || left <= 0) {
                        throw new AssertionError("'" + part + "' is not in the output: " + text);
                    }
                    changed.wait(left);
                    text = bytes.toString(StandardCharsets.UTF_8);
                }
                return text;
            }
        }

        /** Waits for its end. */
        String all() {
            end.join();
            return bytes.toString(StandardCharsets.UTF_8);
        }
    }
}
