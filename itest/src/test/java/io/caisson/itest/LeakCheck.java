package io.caisson.itest;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a container must not leave behind in this JVM: session threads, child processes, and descriptors of sockets,
 * memory files, event descriptors and disks.
 */
final class LeakCheck {
    private static final long PATIENCE_NANOS = 10_000_000_000L;

    private final Map<String, Integer> descriptorsBefore;

    private LeakCheck(Map<String, Integer> descriptorsBefore) {
        this.descriptorsBefore = descriptorsBefore;
    }

    static LeakCheck begin() throws IOException {
        return new LeakCheck(descriptors());
    }

    /** Fails when anything is still there; what ends by itself within a bounded time counts as ended. */
    void end() throws IOException {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        List<String> leaks = leaks();
        while (!leaks.isEmpty() && System.nanoTime() < deadline) {
            Thread.onSpinWait();
            leaks = leaks();
        }
        if (!leaks.isEmpty()) {
            throw new AssertionError("left behind:\n  " + String.join("\n  ", leaks));
        }
    }

    private List<String> leaks() throws IOException {
        var leaks = new ArrayList<String>();
        // Sessions' threads carry the sandbox's id: caisson-<16 hexadecimal digits>-<what>.
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().matches("caisson-[0-9a-f]{16}-.*")) {
                leaks.add("thread " + thread.getName());
            }
        }
        ProcessHandle.current()
                .descendants()
                .filter(ProcessHandle::isAlive)
                .forEach(child -> leaks.add("process " + child.pid() + " "
                        + child.info().commandLine().orElse("")));
        descriptors().forEach((kind, count) -> {
            int before = descriptorsBefore.getOrDefault(kind, 0);
            if (count > before) {
                leaks.add((count - before) + " descriptors of " + kind);
            }
        });
        return leaks;
    }

    /** Open descriptors by what they are, those aside that the JVM opens as it likes (jars, pipes of its own). */
    private static Map<String, Integer> descriptors() throws IOException {
        var counts = new TreeMap<String, Integer>();
        try (var entries = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path entry : entries) {
                try {
                    String target = Files.readSymbolicLink(entry).toString();
                    String kind = target.replaceFirst("^/memfd:.*", "memfd").replaceFirst(":\\[[0-9]+]$", "");
                    if (kind.equals("memfd")
                            || kind.equals("socket")
                            || kind.startsWith("anon_inode:")
                            || kind.endsWith(".ext4")
                            || kind.contains("/containers/")) {
                        counts.merge(kind, 1, Integer::sum);
                    }
                } catch (NoSuchFileException e) {
                    // Closed since it was listed: nothing to count.
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return counts;
    }
}
