package io.caisson.vm.qemu.provider;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test after which there are more descriptors, child processes or platform threads of Caisson's than before.
 * What is released asynchronously, such as the end of a thread, is given a moment.
 */
final class LeakCheck implements BeforeEachCallback, AfterEachCallback {
    private static final Duration GRACE = Duration.ofSeconds(5);

    private List<String> before = List.of();

    @Override
    public void beforeEach(ExtensionContext context) {
        before = held();
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        long deadline = System.nanoTime() + GRACE.toNanos();
        List<String> leaked = leaked();
        while (!leaked.isEmpty() && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(20);
            leaked = leaked();
        }
        if (!leaked.isEmpty()) {
            throw new AssertionError("left behind: " + leaked);
        }
    }

    private List<String> leaked() {
        var now = new ArrayList<>(held());
        before.forEach(now::remove);
        return now;
    }

    private static List<String> held() {
        var held = new ArrayList<String>();
        descriptors().forEach(target -> held.add("descriptor of " + target));
        ProcessHandle.current().children().forEach(child -> held.add("process " + child.pid()));
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().startsWith("caisson-")) {
                held.add("thread " + thread.getName());
            }
        }
        return held;
    }

    private static List<String> descriptors() {
        var targets = new ArrayList<String>();
        String[] numbers = new File("/proc/self/fd").list();
        for (String number : numbers == null ? new String[0] : numbers) {
            String target = target(Path.of("/proc/self/fd", number));
            // The JVM opens jars and its own files when it pleases.
            if (!target.isEmpty() && !target.endsWith(".jar") && !target.startsWith("/proc/")) {
                targets.add(target.replaceAll("\\d+", "N"));
            }
        }
        return targets;
    }

    /** What a descriptor is open on; empty when it was closed meanwhile. */
    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException e) {
            return "";
        }
    }
}
