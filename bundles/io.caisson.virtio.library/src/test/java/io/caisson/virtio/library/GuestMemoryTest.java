package io.caisson.virtio.library;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GuestMemoryTest {
    private static GuestMemory.Region region(long guest, long user, int size) {
        return new GuestMemory.Region(guest, user, MemorySegment.ofArray(new byte[size]));
    }

    @Test
    void findsTheRegionOfAnAddress() {
        GuestMemory memory = new GuestMemory(List.of(region(0, 0x7000_0000, 0x1000), region(0x10_0000, 0, 0x2000)));
        assertEquals(0, memory.regionOf(0));
        assertEquals(0, memory.regionOf(0xfff));
        assertEquals(-1, memory.regionOf(0x1000));
        assertEquals(-1, memory.regionOf(0xf_ffff));
        assertEquals(1, memory.regionOf(0x10_0000));
        assertEquals(1, memory.regionOf(0x10_1fff));
        assertEquals(-1, memory.regionOf(0x10_2000));
        assertEquals(-1, memory.regionOf(-1));
        assertEquals(-1, memory.regionOf(Long.MIN_VALUE));
    }

    @Test
    void slicesByTheMonitorsAddress() throws Exception {
        GuestMemory memory = new GuestMemory(List.of(region(0, 0x7000_0000, 0x1000)));
        assertEquals(0x10, memory.atUserAddress(0x7000_0ff0, 0x10, "ring").byteSize(), "the last bytes belong to it");
        VirtioFormatException failure = assertThrows(
                VirtioFormatException.class, () -> memory.atUserAddress(0x7000_0ff0, 0x11, "receive ring"));
        assertEquals("receive ring", failure.structure());
        assertThrows(VirtioFormatException.class, () -> memory.atUserAddress(0, 1, "ring"));
        assertThrows(VirtioFormatException.class, () -> memory.atUserAddress(-1, 1, "ring"));
        assertThrows(VirtioFormatException.class, () -> memory.atUserAddress(0x7000_0000, Long.MAX_VALUE, "ring"));
    }

    @Test
    void refusesRegionsThatOverlapInEitherAddressSpace() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new GuestMemory(List.of(region(0, 0, 0x1000), region(0xfff, 0x10000, 0x1000))));
        assertThrows(
                IllegalArgumentException.class,
                () -> new GuestMemory(List.of(region(0, 0x800, 0x1000), region(0x1000, 0, 0x1000))));
        assertEquals(
                1,
                new GuestMemory(List.of(region(0, 0x1000, 0x1000), region(0x1000, 0, 0x1000))).regionOf(0x1000),
                "regions may touch");
    }

    @Test
    void refusesRegionsThatWrapOrAreEmpty() {
        assertThrows(IllegalArgumentException.class, () -> region(0, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> region(-1, 0, 1));
        assertThrows(IllegalArgumentException.class, () -> region(0, Long.MIN_VALUE, 1));
        assertThrows(IllegalArgumentException.class, () -> region(Long.MAX_VALUE, 0, 1));
        assertThrows(IllegalArgumentException.class, () -> region(0, Long.MAX_VALUE - 1, 2));
    }

    @Test
    void refusesTooFewAndTooManyRegions() {
        List<GuestMemory.Region> regions = new ArrayList<>();
        assertThrows(IllegalArgumentException.class, () -> new GuestMemory(regions));
        for (int i = 0; i <= GuestMemory.MAX_REGIONS; i++) {
            regions.add(region(i, i, 1));
        }
        assertThrows(IllegalArgumentException.class, () -> new GuestMemory(regions));
    }
}
