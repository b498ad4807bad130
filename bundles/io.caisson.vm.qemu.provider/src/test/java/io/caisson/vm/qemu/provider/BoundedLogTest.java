package io.caisson.vm.qemu.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BoundedLogTest {
    private final Path file;

    BoundedLogTest(@TempDir Path directory) {
        file = directory.resolve("console.log");
    }

    private static void append(BoundedLog log, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        log.append(bytes, bytes.length);
    }

    @Test
    void writesEverythingAtOnceAndContinuesAnEarlierFile() throws Exception {
        Files.writeString(file, "before\n");
        try (BoundedLog log = BoundedLog.open(file, 1000)) {
            append(log, "one\n");
            assertEquals("before\none\n", Files.readString(file));
        }
    }

    @Test
    void neverTakesMoreThanTwiceItsLimit() throws Exception {
        try (BoundedLog log = BoundedLog.open(file, 100)) {
            for (int i = 0; i < 1000; i++) {
                append(log, "line " + i + "\n");
            }
            Path older = Path.of(file + ".1");
            assertTrue(Files.size(file) <= 100);
            assertTrue(Files.size(older) <= 100);
            assertTrue((Files.readString(older) + Files.readString(file)).endsWith("line 998\nline 999\n"));
            assertEquals(List.of("line 998", "line 999"), log.lastLines(2));
        }
    }

    @Test
    void keepsTheLastLinesWithoutControlCharactersAndEmptyOnes() throws Exception {
        try (BoundedLog log = BoundedLog.open(file, 1 << 20)) {
            append(log, "x".repeat(20_000));
            append(log, "\none\r\n\r\n\u001b[31mtwo\tand a bit");
            assertEquals(List.of("one", "[31mtwo and a bit"), log.lastLines(2));
            assertEquals(20_000 + 26, Files.size(file), "the file has everything");
        }
    }

    @Test
    void aFullDiskLosesLinesAndStopsNothing() throws Exception {
        try (BoundedLog log = BoundedLog.open(Path.of("/dev/full"), 1 << 20)) {
            append(log, "lost\n");
            append(log, "lost too\n");
            assertEquals(List.of("lost", "lost too"), log.lastLines(5), "but not from memory");
            assertTrue(log.problem().startsWith("full is incomplete: "), log.problem());
        }
    }

    @Test
    void tellsWhenALineWasWrittenOrThatItWasBefore() throws Exception {
        try (BoundedLog log = BoundedLog.open(file, 1000)) {
            var late = log.line("ready");
            append(log, "not ready\nre");
            assertFalse(late.isDone());
            append(log, "ady\n");
            assertTrue(late.isDone());
            assertTrue(log.line("not ready").isDone());
            assertFalse(log.line("never").isDone());
        }
    }
}
