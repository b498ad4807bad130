package io.caisson.launcher;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class RawArgumentsTest {
    private static byte[] bytes(String latin1) {
        return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }

    @Test
    void namesTheArgumentThatIsNotUtf8AsAShellWritesIt() {
        // The JVM's own arguments are none of ours, whatever is in them.
        byte[] line = bytes("java\0-Dx=\u00ff\0-jar\0a.jar\0run\0busybox\0it's caf\u00e9\\\0");
        var failure = assertThrows(
                LaunchException.class,
                () -> RawArguments.check(new String[] {"run", "busybox", "it's caf\uFFFD\\"}, line));
        assertEquals(
                "argument 3 is not UTF-8, which all text for containers is: $'it\\'s caf\\xe9\\\\'",
                failure.getMessage());
    }

    @Test
    void whoeverTypesTheReplacementCharacterMeansIt() {
        byte[] line = "java\0run\0\uFFFD\0".getBytes(StandardCharsets.UTF_8);
        assertDoesNotThrow(() -> RawArguments.check(new String[] {"run", "\uFFFD"}, line));
    }

    @Test
    void emptyArgumentsCount() {
        byte[] line = bytes("java\0\0\u0080\0\0");
        var failure =
                assertThrows(LaunchException.class, () -> RawArguments.check(new String[] {"", "\uFFFD", ""}, line));
        assertEquals("argument 2 is not UTF-8, which all text for containers is: $'\\x80'", failure.getMessage());
    }
}
