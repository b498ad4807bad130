package io.caisson.vm.qemu.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineTemplatesTest {
    @TempDir
    private Path home;

    private Path directory;
    private MachineTemplates templates;

    @BeforeEach
    void open() {
        directory = home.resolve("templates");
        templates = new MachineTemplates(directory);
    }

    private static void write(Path memory, Path workshop) throws IOException {
        Files.writeString(memory, "memory");
        Files.writeString(workshop.resolve("console.log"), "said");
    }

    @Test
    void isMadeOnceAndForItsUserAlone() throws Exception {
        Path made = templates.get("key", MachineTemplatesTest::write).orElseThrow();
        assertEquals("memory", Files.readString(made));
        assertEquals(Optional.of(made), templates.get("key", (memory, workshop) -> fail("made again")));
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)));
        assertEquals(0, workshops());
    }

    @Test
    void manyWhoComeTogetherMakeOne() throws Exception {
        var made = new AtomicInteger();
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            var all = new ArrayList<Future<Optional<Path>>>();
            for (int i = 0; i < 8; i++) {
                // Others than the first stand for other processes.
                var own = i % 2 == 0 ? templates : new MachineTemplates(directory);
                all.add(executor.submit(() -> own.get("key", (memory, workshop) -> {
                    made.incrementAndGet();
                    write(memory, workshop);
                })));
            }
            for (Future<Optional<Path>> each : all) {
                assertTrue(Files.exists(each.get().orElseThrow()));
            }
        }
        assertEquals(1, made.get());
    }

    @Test
    void whatCannotBeMadeIsNotTriedAgainForAWhile() throws Exception {
        assertThrows(
                IOException.class,
                () -> templates.get("key", (memory, workshop) -> {
                    write(memory, workshop);
                    throw new IOException("its guest ended");
                }));
        assertEquals(0, workshops());
        assertEquals(Optional.empty(), templates.get("key", (memory, workshop) -> fail("tried again")));
        Path note = directory.resolve("key.unfit");
        assertEquals("its guest ended\n", Files.readString(note));

        Files.setLastModifiedTime(note, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
        assertTrue(templates.get("key", MachineTemplatesTest::write).isPresent());
    }

    @Test
    void anInterruptedMakingLeavesNothingAndIsNotHeldAgainstIt() throws Exception {
        assertThrows(
                InterruptedException.class,
                () -> templates.get("key", (memory, workshop) -> {
                    write(memory, workshop);
                    throw new InterruptedException();
                }));
        assertEquals(0, workshops());
        assertTrue(templates.get("key", MachineTemplatesTest::write).isPresent());
    }

    @Test
    void whatADeadProcessLeftIsRemovedByTheNext() throws Exception {
        Path left = Files.createDirectories(directory.resolve("making-dead"));
        Files.writeString(left.resolve("key.memory"), "half");
        templates.get("key", MachineTemplatesTest::write);
        assertFalse(Files.exists(left));
    }

    @Test
    void theEightUsedLastAreKept() throws Exception {
        for (int i = 0; i < 8; i++) {
            Path made = templates.get("key" + i, MachineTemplatesTest::write).orElseThrow();
            Files.setLastModifiedTime(made, FileTime.from(Instant.now().minus(Duration.ofDays(8 - i))));
        }
        templates.get("key0", (memory, workshop) -> fail("made again"));
        templates.get("one more", MachineTemplatesTest::write);
        assertTrue(Files.exists(directory.resolve("key0.memory")));
        assertFalse(Files.exists(directory.resolve("key1.memory")));
        assertTrue(Files.exists(directory.resolve("key2.memory")));
    }

    private long workshops() throws IOException {
        try (var entries = Files.list(directory)) {
            return entries.filter(entry -> entry.getFileName().toString().startsWith("making-"))
                    .count();
        }
    }
}
