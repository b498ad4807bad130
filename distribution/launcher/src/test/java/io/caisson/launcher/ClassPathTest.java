package io.caisson.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

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
    void aDistributionWithoutALibraryIsNoFailure() {
        ClassPath.restoreTimes(library.resolve("gone"));
    }
}
