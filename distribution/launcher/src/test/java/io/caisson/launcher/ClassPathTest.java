package io.caisson.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassPathTest {
    private static final FileTime COPIED = FileTime.fromMillis(1_700_000_000_000L);

    @TempDir
    Path library;

    private Path file(String name) throws Exception {
        return Files.setLastModifiedTime(Files.createFile(library.resolve(name)), COPIED);
    }

    @Test
    void allJarsHaveOneTimeWhateverTheyHadBefore() throws Exception {
        Path one = file("one.jar");
        Path other = Files.setLastModifiedTime(file("other.jar"), FileTime.fromMillis(0));
        Path script = file("java.sh");

        ClassPath.restoreTimes(library);

        assertEquals(Files.getLastModifiedTime(one), Files.getLastModifiedTime(other));
        assertFalse(Files.getLastModifiedTime(one).equals(COPIED));
        assertEquals(COPIED, Files.getLastModifiedTime(script));
    }

    @Test
    void whyThereIsNoCacheIsSaidInOneLineToWhomeverAsks() throws Exception {
        // A jar whose time nobody can set, as on a medium that cannot be written.
        Files.createSymbolicLink(library.resolve("some.jar"), library.resolve("gone"));

        assertEquals("", restored(false));
        String said = restored(true);
        assertTrue(said.startsWith("caisson: starts without its start-up cache"), said);
        assertTrue(said.contains(library + "/some.jar"), said);
        assertEquals(said.length() - 1, said.indexOf('\n'), said);
    }

    @Test
    void nothingIsSaidOfJarsThatHaveTheirTime() throws Exception {
        file("one.jar");
        assertEquals("", restored(true));
        assertEquals("", restored(true));
    }

    private String restored(boolean debug) {
        var said = new ByteArrayOutputStream();
        Main.restoreCache(library, debug, new PrintStream(said, true, StandardCharsets.UTF_8));
        return said.toString(StandardCharsets.UTF_8);
    }
}
