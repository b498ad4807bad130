package io.caisson.itest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;

/**
 * What commands leave behind in a home and must not: processes that were started with it, containers' folders, sockets
 * and unfinished files, locks that are held. What belongs to a home that is in use is taken note of when this is made.
 */
final class Leftovers {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** What may last in a home, by the first part of its path; of what is in the others this knows nothing. */
    private static final Map<String, Pattern> LASTING = Map.of(
            "cache", Pattern.compile("cache(/(?!.*/making-).*)?"),
            "containers", Pattern.compile("containers"),
            "content", Pattern.compile("content(/ingest|/sha256(/[0-9a-f]{64})?)?"),
            "felix", Pattern.compile("felix(/prepare\\.lock|/[0-9a-f]{16}(\\.lock|/.*)?)?", Pattern.DOTALL),
            "guest", Pattern.compile("guest(/[0-9a-f]{64}(/initramfs\\.cpio)?)?"),
            "guest-secret", Pattern.compile("guest-secret"),
            "images.json", Pattern.compile("images\\.json"),
            "kernels", Pattern.compile("kernels(/[0-9a-f]{64}(/vmlinux)?)?"),
            "locks", Pattern.compile("locks(/[^/]+\\.lock)?"),
            "rootfs", Pattern.compile("rootfs(/[^/]+\\.ext4)?"));

    private final Path home;
    private final Set<String> furniture;

    private Leftovers(Path home, Set<String> furniture) {
        this.home = home;
        this.furniture = furniture;
    }

    /** Runs a container, so that all is there that lasts. */
    static Leftovers watch(Caisson caisson, Path home) throws Exception {
        Caisson.Outcome first = caisson.run("run", "busybox", "echo", "furnished");
        if (!first.text().equals("furnished\n")) {
            throw new AssertionError(first.toString());
        }
        // Made by what the first container does not do: naming one.
        Files.createDirectories(home.resolve("locks"));
        Set<String> furniture = files(home);
        furniture.add("locks/containers.lock");
        return new Leftovers(home, furniture);
    }

    /** A home that is not there yet, in which commands may leave what lasts. */
    static Leftovers watchEmpty(Path home) {
        return new Leftovers(home, Set.of());
    }

    /** Fails when anything is left. A process that is just ending is waited for. */
    void assertNone() throws Exception {
        assertNoProcess();
        assertNothingPassing();
        var added = files(home);
        added.removeAll(furniture);
        // What a cache gathers in the course of time is its business.
        added.removeIf(file -> (furniture.isEmpty() || file.startsWith("cache/")) && mayLast(file));
        if (!added.isEmpty()) {
            throw new AssertionError("left in " + home + ": " + some(added));
        }
    }

    private static boolean mayLast(String file) {
        int slash = file.indexOf('/');
        Pattern lasting = LASTING.get(slash < 0 ? file : file.substring(0, slash));
        return lasting == null || lasting.matcher(file).matches();
    }

    /** Fails when there is a process that was started with this home. */
    void assertNoProcess() throws InterruptedException, ExecutionException {
        for (ProcessHandle process : processes()) {
            Signalling.awaitEnd(process, PATIENCE);
        }
    }

    /** The processes that have this home in their environment. */
    List<ProcessHandle> processes() {
        String mark = "\0CAISSON_HOME=" + home + "\0";
        return ProcessHandle.allProcesses()
                .filter(process -> process.pid() != ProcessHandle.current().pid()
                        && environment(process).contains(mark))
                .toList();
    }

    private static String environment(ProcessHandle process) {
        try {
            byte[] bytes = Files.readAllBytes(Path.of("/proc/" + process.pid() + "/environ"));
            return "\0" + new String(bytes, StandardCharsets.UTF_8) + "\0";
        } catch (IOException e) {
            // It has ended, or is another user's.
            return "";
        }
    }

    /** Whatever state the home is in, there is nothing in it that belongs to a command. */
    private void assertNothingPassing() throws IOException {
        var left = new ArrayList<String>();
        for (String file : files(home)) {
            String name = file.substring(file.lastIndexOf('/') + 1);
            if (file.startsWith("containers/")
                    || file.startsWith("content/ingest/")
                    || file.startsWith("felix/own-")
                    || file.startsWith("felix/new-")
                    || file.startsWith("felix/old-")
                    || name.endsWith(".tmp")
                    || name.endsWith(".new")
                    || name.endsWith(".sock")) {
                left.add(file);
            } else if (name.endsWith(".lock") && isHeld(home.resolve(file))) {
                left.add(file + ", locked");
            }
        }
        if (!left.isEmpty()) {
            throw new AssertionError("left in " + home + ": " + some(left));
        }
    }

    private static List<String> some(Collection<String> files) {
        return files.stream().limit(10).toList();
    }

    private static boolean isHeld(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            return lock == null;
        }
    }

    private static Set<String> files(Path home) throws IOException {
        var files = new TreeSet<String>();
        if (!Files.exists(home)) {
            return files;
        }
        try (var all = Files.walk(home)) {
            all.forEach(file -> files.add(home.relativize(file).toString()));
        } catch (UncheckedIOException e) {
            if (!(e.getCause() instanceof FileSystemException)) {
                throw e;
            }
            // A folder was removed under the walk, by a process that is just ending: look again.
            return files(home);
        }
        return files;
    }
}
