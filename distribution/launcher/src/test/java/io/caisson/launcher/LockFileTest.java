package io.caisson.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LockFileTest {
    @TempDir
    Path directory;

    /** Opens files; the first one is removed before it can be locked, and made again by somebody else. */
    private static LockFile.Opener slow(List<FileChannel> opened) {
        return file -> {
            FileChannel channel = LockFile.open(file);
            opened.add(channel);
            if (opened.size() == 1) {
                Files.delete(file);
                Files.createFile(file);
            }
            return channel;
        };
    }

    @Test
    void aFileThatWasMadeAgainMeanwhileIsTheOneThatIsLocked() throws Exception {
        Path file = Files.createFile(directory.resolve("a.lock"));
        var opened = new ArrayList<FileChannel>();
        try (FileChannel locked = LockFile.share(file, slow(opened))) {
            assertEquals(2, opened.size());
            assertFalse(opened.getFirst().isOpen());
            assertEquals(opened.getLast(), locked);
            assertTrue(locked.isOpen());
        }
    }

    @Test
    void whoLocksARemovedFileAloneHoldsNothing() throws Exception {
        Path file = directory.resolve("a.lock");
        var opened = new ArrayList<FileChannel>();
        assertNull(LockFile.alone(file, slow(opened)));
        assertFalse(opened.getFirst().isOpen());
        try (FileChannel alone = LockFile.alone(file)) {
            assertNotNull(alone);
        }
    }

    @Test
    void whatThisProcessItselfHoldsNobodyGetsAlone() throws Exception {
        Path file = directory.resolve("a.lock");
        try (FileChannel held = LockFile.share(file)) {
            assertTrue(held.isOpen());
            assertNull(LockFile.alone(file));
        }
        try (FileChannel alone = LockFile.alone(file)) {
            assertNotNull(alone);
        }
    }

    @Test
    void aFileThatIsNotThereIsMadeAndLocked() throws Exception {
        Path file = directory.resolve("new.lock");
        try (FileChannel locked = LockFile.share(file)) {
            assertTrue(locked.isOpen());
            assertTrue(Files.exists(file));
        }
    }
}
