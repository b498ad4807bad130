package io.caisson.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "shell",
                "shell -c lb",
                "system shell",
                "system shell -c lb",
                "--debug shell",
                "--debug system shell"
            })
    void everyWayToOpenAShellGetsAStorageOfItsOwn(String line) {
        assertTrue(Request.of(line.split(" ")).opensShell());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"run busybox shell", "run shell", "system doctor", "system", "--debug", "system run shell", ""})
    void whatOnlyMentionsAShellDoesNot(String line) {
        assertFalse(Request.of(line.isEmpty() ? new String[0] : line.split(" ")).opensShell());
    }

    @Test
    void debugCountsInFrontOfTheCommandOnly() {
        assertTrue(Request.of("--debug", "run", "busybox").debug());
        assertFalse(Request.of("run", "busybox", "test", "--debug").debug());
        assertEquals(0, Request.of("--debug").words().size());
    }
}
