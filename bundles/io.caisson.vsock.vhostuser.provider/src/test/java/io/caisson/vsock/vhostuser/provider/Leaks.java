package io.caisson.vsock.vhostuser.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.caisson.host.linux.ffm.UnixSocket;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketTimeoutException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

/** The rule that a test leaves no descriptor and no mapping behind. */
final class Leaks {
    private static UnixSocket.@Nullable Pair held;

    private final int before;

    Leaks() throws IOException, InterruptedException {
        holdPoller();
        before = descriptors();
    }

    /**
     * Blocking sockets share a poller that comes with the first one and goes with the last, on a thread of its own. One
     * that waited is kept, so that the poller is there all the time.
     */
    private static void holdPoller() throws IOException, InterruptedException {
        if (held != null) {
            return;
        }
        UnixSocket.Pair pair = UnixSocket.pair("that keeps the poller");
        held = pair;
        pair.first().receiveTimeout(Duration.ofMillis(1));
        try {
            pair.first().receive(MemorySegment.ofArray(new byte[1]), new ArrayList<>());
        } catch (SocketTimeoutException nothingCame) {
            // It has waited, which is what it is for.
        }
    }

    /** Sockets, events and memory files that are open now. */
    static int descriptors() throws IOException {
        int count = 0;
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path each : all) {
                try {
                    String target = Files.readSymbolicLink(each).toString();
                    if (target.startsWith("socket:") || target.startsWith("anon_inode:") || target.contains("memfd:")) {
                        count++;
                    }
                } catch (NoSuchFileException closedMeanwhile) {
                    // It was the listing's own.
                }
            }
        }
        return count;
    }

    void check() throws IOException {
        assertEquals(before, descriptors(), "descriptors are left open");
        assertEquals(
                0,
                Files.readAllLines(Path.of("/proc/self/maps")).stream()
                        .filter(line -> line.contains("memfd:guest"))
                        .count(),
                "guest memory is left mapped");
    }
}
