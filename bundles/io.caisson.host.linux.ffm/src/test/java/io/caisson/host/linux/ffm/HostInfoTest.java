package io.caisson.host.linux.ffm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HostInfoTest {
    @Test
    void knowsWhoAndWhereItIs() throws Exception {
        assertEquals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"), (int) HostInfo.userId());
        assertEquals(UUID.fromString(HostInfo.bootId()).toString(), HostInfo.bootId());
    }

    @Test
    void saysWhetherNativeCodeMayBeCalled() throws Exception {
        Map<List<String>, Integer> expected = Map.of(
                List.of("--enable-native-access=ALL-UNNAMED"), 0,
                List.of("--illegal-native-access=allow"), 0,
                List.of("--illegal-native-access=deny"), 1);
        for (Map.Entry<List<String>, Integer> entry : expected.entrySet()) {
            try (ChildProcess child =
                    TestJvm.builder(entry.getKey(), Main.class).start()) {
                assertEquals(new ProcessExit.Exited(entry.getValue()), child.awaitExit(), entry.toString());
            }
        }
        assertTrue(HostInfo.nativeAccess().available());
    }

    /** Exits with 0 when native code may be called, with 1 when not. */
    static final class Main {
        private Main() {}

        public static void main(String[] arguments) {
            System.exit(HostInfo.nativeAccess().available() ? 0 : 1);
        }
    }
}
