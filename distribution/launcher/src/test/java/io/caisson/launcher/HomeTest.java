package io.caisson.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HomeTest {
    @Test
    void theVariableForItComesFirst() throws Exception {
        assertEquals(Path.of("/a/b"), Home.locate(Map.of("CAISSON_HOME", "/a/x/../b", "XDG_DATA_HOME", "/data")));
    }

    @Test
    void aRelativeHomeIsMadeAbsoluteOnce() throws Exception {
        assertTrue(Home.locate(Map.of("CAISSON_HOME", "here")).isAbsolute());
    }

    @ParameterizedTest
    @ValueSource(strings = {"CAISSON_HOME", "XDG_DATA_HOME", "HOME"})
    void aDirectoryWhoseNameTheJvmCannotReadIsRefusedInsteadOfAnotherBeingUsed(String name) {
        var failure = assertThrows(LaunchException.class, () -> Home.locate(Map.of(name, "/a/caf\uFFFD")));
        assertEquals(
                name + "=/a/caf\uFFFD is not UTF-8: set CAISSON_HOME to a directory whose name is",
                failure.getMessage());
    }

    @Test
    void theDataDirectoryComesNextButOnlyAnAbsoluteOneCounts() throws Exception {
        assertEquals(Path.of("/data/caisson"), Home.locate(Map.of("XDG_DATA_HOME", "/data")));
        Path users = Path.of(System.getProperty("user.home"), ".local/share/caisson");
        assertEquals(users, Home.locate(Map.of("XDG_DATA_HOME", "data", "CAISSON_HOME", "")));
    }

    @Test
    void theHomeDirectoryIsTheEnvironmentsBeforeTheUserDatabases() throws Exception {
        assertEquals(Path.of("/elsewhere/.local/share/caisson"), Home.locate(Map.of("HOME", "/elsewhere")));
        assertEquals(Path.of("/data/caisson"), Home.locate(Map.of("HOME", "/elsewhere", "XDG_DATA_HOME", "/data")));
        Path users = Path.of(System.getProperty("user.home"), ".local/share/caisson");
        assertEquals(users, Home.locate(Map.of("HOME", "")));
        assertEquals(users, Home.locate(Map.of("HOME", "elsewhere")));
    }
}
