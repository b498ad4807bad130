package io.caisson.host.linux.ffm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryTest {
    @Test
    void mappingsOfOneFileShareTheirContents() throws IOException {
        try (Memfd file = Memfd.create("shared", 8192);
                Descriptor second = file.descriptor().duplicate();
                MemoryMapping writer = MemoryMapping.map(file.descriptor(), 0, 8192, MemoryMapping.Access.READ_WRITE);
                MemoryMapping reader = MemoryMapping.map(second, 4096, 4096, MemoryMapping.Access.READ)) {
            writer.segment().set(ValueLayout.JAVA_LONG, 4096 + 8, 42);
            assertEquals(42, reader.segment().get(ValueLayout.JAVA_LONG, 8));
            assertThrows(IllegalArgumentException.class, () -> reader.segment().set(ValueLayout.JAVA_LONG, 8, 1));
        }
    }

    @Test
    void aMappingOutlivesItsDescriptorAndRefusesUseAfterItsOwnEnd() throws IOException {
        MemoryMapping mapping;
        try (Memfd file = Memfd.create("outlived", 4096)) {
            mapping = MemoryMapping.map(file.descriptor(), 0, 4096, MemoryMapping.Access.READ_WRITE);
        }
        mapping.segment().set(ValueLayout.JAVA_INT, 0, 7);
        assertEquals(7, mapping.segment().get(ValueLayout.JAVA_INT, 0));
        mapping.close();
        mapping.close();
        assertThrows(IllegalStateException.class, () -> mapping.segment().get(ValueLayout.JAVA_INT, 0));
    }

    @Test
    void refusesMemoryThatItsOwnerCouldShrink() throws IOException {
        try (Memfd file = Memfd.create("peer", 4096)) {
            IOException refused = assertThrows(
                    IOException.class,
                    () -> MemoryMapping.mapSealed(file.descriptor(), 0, 4096, MemoryMapping.Access.READ));
            assertTrue(refused.toString().contains("F_SEAL_SHRINK"), refused.toString());
            file.seal(Seal.SHRINK);
            MemoryMapping.mapSealed(file.descriptor(), 0, 4096, MemoryMapping.Access.READ)
                    .close();
        }
    }

    @Test
    void refusesToMapBeyondTheEndOfTheFile() throws IOException {
        try (Memfd file = Memfd.create("short", 4096, Seal.SHRINK)) {
            assertThrows(
                    IOException.class,
                    () -> MemoryMapping.mapSealed(file.descriptor(), 0, 8192, MemoryMapping.Access.READ));
            assertThrows(
                    IOException.class,
                    () -> MemoryMapping.mapSealed(file.descriptor(), 4096, 1, MemoryMapping.Access.READ));
            assertThrows(
                    IOException.class,
                    () -> MemoryMapping.map(
                            file.descriptor(), Long.MAX_VALUE & -4096L, 4096, MemoryMapping.Access.READ));
        }
    }

    @Test
    void sealsAreSetReadAndObeyed() throws IOException {
        try (Memfd file = Memfd.create("sealed", 4096, Seal.SHRINK)) {
            assertEquals(EnumSet.of(Seal.SHRINK), file.seals());
            SystemCallException refused = assertThrows(SystemCallException.class, () -> file.resize(0));
            assertEquals("EPERM", refused.symbol());
            assertEquals("ftruncate", refused.call());
            file.resize(8192);
            file.seal(Seal.GROW, Seal.SEAL);
            assertEquals(EnumSet.of(Seal.SHRINK, Seal.GROW, Seal.SEAL), file.seals());
            assertThrows(SystemCallException.class, () -> file.resize(16384));
            assertThrows(SystemCallException.class, () -> file.seal(Seal.WRITE));
            assertEquals(8192, file.size());
        }
    }

    @Test
    void aMemoryFileTellsWhatMemoryWasTakenForAndIsWrittenAnywhere() throws Exception {
        try (Memfd file = Memfd.create("sparse", 1 << 20);
                Arena arena = Arena.ofConfined()) {
            assertEquals(List.of(), file.extents());
            MemorySegment page = arena.allocate(4096).fill((byte) 7);
            file.write(page, 8192);
            file.write(page.asSlice(0, 1), (1 << 20) - 1);
            assertEquals(
                    List.of(new Memfd.Extent(8192, 4096), new Memfd.Extent((1 << 20) - 4096, 4096)), file.extents());
            try (MemoryMapping mapping = MemoryMapping.map(file.descriptor(), 0, 1 << 20, MemoryMapping.Access.READ)) {
                assertEquals(7, mapping.segment().get(ValueLayout.JAVA_BYTE, 8192));
                assertEquals(7, mapping.segment().get(ValueLayout.JAVA_BYTE, (1 << 20) - 1));
            }
            assertThrows(IllegalArgumentException.class, () -> file.write(MemorySegment.ofArray(new byte[1]), 0));
        }
    }
}
