package io.caisson.itest;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a container must not leave behind in this JVM: session threads, child processes, and descriptors of sockets,
 * memory files, event descriptors and disks.
 */
final class LeakCheck {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Map<String, Integer> descriptorsBefore;

    private LeakCheck(Map<String, Integer> descriptorsBefore) {
        this.descriptorsBefore = descriptorsBefore;
    }

    static LeakCheck begin() throws IOException {
        return new LeakCheck(descriptors());
    }

    /** Fails when anything is still there; what ends by itself within a bounded time counts as ended. */
    void end() throws Exception {
        for (Thread thread : sessionThreads()) {
            // Whether it has ended is looked at below, with all else.
            boolean unused = thread.join(PATIENCE);
        }
        for (ProcessHandle process : children()) {
            Signalling.awaitEnd(process, PATIENCE);
        }
        if (!Looking.until(() -> leaks().isEmpty(), PATIENCE)) {
            throw new AssertionError("left behind:\n  " + String.join("\n  ", leaks()));
        }
    }

    /** Sessions' threads carry the sandbox's id: caisson-&lt;16 hexadecimal digits&gt;-&lt;what&gt;. */
    private static List<Thread> sessionThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().matches("caisson-[0-9a-f]{16}-.*"))
                .toList();
    }

    private static List<ProcessHandle> children() {
        return ProcessHandle.current()
                .descendants()
                .filter(ProcessHandle::isAlive)
                .toList();
    }

    private List<String> leaks() throws IOException {
        var leaks = new ArrayList<String>();
        sessionThreads().forEach(thread -> leaks.add("thread " + thread.getName()));
        children()
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
