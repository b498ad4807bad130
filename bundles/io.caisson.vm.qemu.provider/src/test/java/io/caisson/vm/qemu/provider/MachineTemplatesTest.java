package io.caisson.vm.qemu.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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
        directory = home.resolve("templates/boot");
        templates = new MachineTemplates(home.resolve("templates"), "boot");
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
        assertEquals(
                "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve("templates"))));
        assertEquals(0, workshops());
    }

    @Test
    void manyWhoComeTogetherMakeOne() throws Exception {
        var made = new AtomicInteger();
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            var all = new ArrayList<Future<Optional<Path>>>();
            for (int i = 0; i < 8; i++) {
                all.add(executor.submit(() -> templates.get("key", (memory, workshop) -> {
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
    void aGuestThatDoesNotStandStillIsNotTriedAgainForAWhile() throws Exception {
        assertThrows(
                IOException.class,
                () -> templates.get("key", (memory, workshop) -> {
                    write(memory, workshop);
                    throw new MachineTemplates.UnfitException("its guest ended");
                }));
        assertEquals(0, workshops());
        assertEquals(Optional.empty(), templates.get("key", (memory, workshop) -> fail("tried again")));
        Path note = directory.resolve("key.unfit");
        assertEquals("its guest ended\n", Files.readString(note));

        Files.setLastModifiedTime(note, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
        assertTrue(templates.get("key", MachineTemplatesTest::write).isPresent());
    }

    @Test
    void whateverElseGoesWrongIsTriedAgain() throws Exception {
        assertThrows(
                IOException.class,
                () -> templates.get("key", (memory, workshop) -> {
                    write(memory, workshop);
                    throw new IOException("no room");
                }));
        assertEquals(0, workshops());
        assertTrue(templates.get("key", MachineTemplatesTest::write).isPresent());
    }

    /** As an interrupt of a thread that writes arrives. */
    @Test
    void anInterruptWhileTheFileIsWrittenIsOne() throws Exception {
        assertThrows(
                InterruptedException.class,
                () -> templates.get("key", (memory, workshop) -> {
                    try (var file = FileChannel.open(memory, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                        Thread.currentThread().interrupt();
                        file.write(ByteBuffer.allocate(1));
                    }
                }));
        Thread.interrupted();
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
        Path left = Files.createDirectories(directory.resolve("making-key"));
        Files.writeString(left.resolve("key.memory"), "half");
        templates.get("key", MachineTemplatesTest::write);
        assertFalse(Files.exists(left));
    }

    @Test
    void theTemplatesUsedLastAreKeptAsFarAsThereIsRoom() throws Exception {
        for (int i = 0; i < 2; i++) {
            templates.get("key" + i, (memory, workshop) -> enlarge(memory));
            Files.setLastModifiedTime(
                    directory.resolve("key" + i + ".lock"),
                    FileTime.from(Instant.now().minus(Duration.ofDays(8 - i))));
        }
        templates.get("key0", (memory, workshop) -> fail("made again"));
        templates.get("one more", (memory, workshop) -> enlarge(memory));
        assertTrue(Files.exists(directory.resolve("one more.memory")));
        assertTrue(Files.exists(directory.resolve("key0.memory")));
        assertFalse(Files.exists(directory.resolve("key1.memory")));
    }

    private static void enlarge(Path memory) throws IOException {
        try (var file = new RandomAccessFile(memory.toFile(), "rw")) {
            file.setLength(200L << 20);
        }
    }

    @Test
    void thoseOfAnEarlierBootAreRemoved() throws Exception {
        var earlier = new MachineTemplates(home.resolve("templates"), "earlier");
        Path old = earlier.get("key", MachineTemplatesTest::write).orElseThrow();
        templates.get("key", MachineTemplatesTest::write);
        assertFalse(Files.exists(old.getParent()));
    }

    private long workshops() throws IOException {
        try (var entries = Files.list(directory)) {
            return entries.filter(entry -> entry.getFileName().toString().startsWith("making-"))
                    .count();
        }
    }
}
