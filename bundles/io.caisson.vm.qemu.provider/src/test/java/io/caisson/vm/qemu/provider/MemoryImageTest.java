package io.caisson.vm.qemu.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.host.linux.ffm.Memfd;
import io.caisson.host.linux.ffm.MemoryMapping;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryImageTest {
    private static final long SIZE = 64 << 20;
    private static final List<Long> TOUCHED = List.of(0L, 4096L + 7, 17L << 20, SIZE - 1);

    @TempDir
    private Path directory;

    private Path saved() throws IOException {
        Path file = directory.resolve("memory");
        try (Memfd memory = Memfd.create("saved", SIZE);
                MemoryMapping mapping =
                        MemoryMapping.map(memory.descriptor(), 0, SIZE, MemoryMapping.Access.READ_WRITE)) {
            for (long at : TOUCHED) {
                mapping.segment().set(ValueLayout.JAVA_BYTE, at, (byte) (at + 1));
            }
            MemoryImage.save(memory, file);
        }
        return file;
    }

    @Test
    void whatWasTouchedComesBackAndTheRestIsNeitherKeptNorTaken() throws IOException {
        Path file = saved();
        assertTrue(Files.size(file) < 1 << 20, Files.size(file) + " bytes");
        Instant now = Instant.now();
        try (MemoryImage image = MemoryImage.open(file);
                Memfd memory = Memfd.create("loaded", SIZE);
                MemoryMapping mapping = MemoryMapping.map(memory.descriptor(), 0, SIZE, MemoryMapping.Access.READ)) {
            image.load(memory);
            assertTrue(image.saved().compareTo(now) <= 0 && image.saved().compareTo(now.minusSeconds(60)) > 0);
            long taken =
                    memory.extents().stream().mapToLong(Memfd.Extent::length).sum();
            assertTrue(taken <= 1 << 20, taken + " bytes");
            MemorySegment bytes = mapping.segment();
            for (long at : TOUCHED) {
                assertEquals((byte) (at + 1), bytes.get(ValueLayout.JAVA_BYTE, at));
            }
            assertEquals(0, bytes.get(ValueLayout.JAVA_BYTE, 18L << 20));
        }
    }

    @Test
    void memoryOfAnotherSizeIsRefused() throws IOException {
        Path file = saved();
        try (MemoryImage image = MemoryImage.open(file);
                Memfd other = Memfd.create("other", SIZE / 2)) {
            assertThrows(IOException.class, () -> image.load(other));
        }
    }

    @Test
    void isForItsOwnerAloneAndOfNoUseOnceSomebodyHasWrittenToIt() throws IOException {
        Path file = saved();
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1), 8192);
        }
        refused(file);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 8, 31, 32, 40, 4096, 8191})
    void aFileCutShortIsRefused(long length) throws IOException {
        Path file = saved();
        FileTime finished = Files.getLastModifiedTime(file);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(length);
        }
        Files.setLastModifiedTime(file, finished);
        refused(file);
    }

    /** The magic, the size, the number of extents, and of the first its offset and its length. */
    @ParameterizedTest
    @ValueSource(ints = {0, 8, 24, 32, 40})
    void aTableThatCannotBeIsRefused(int at) throws IOException {
        for (long value : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, SIZE + 1}) {
            Path file = saved();
            FileTime finished = Files.getLastModifiedTime(file);
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.allocate(8).putLong(0, value), at);
            }
            Files.setLastModifiedTime(file, finished);
            refused(file);
            Files.delete(file);
        }
    }

    private static void refused(Path file) throws IOException {
        try (Memfd memory = Memfd.create("loaded", SIZE)) {
            assertThrows(IOException.class, () -> {
                try (MemoryImage image = MemoryImage.open(file)) {
                    image.load(memory);
                }
            });
        }
    }
}
