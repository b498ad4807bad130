package io.caisson.virtio.library;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** One queue over one MiB of guest memory, with a driver at one side and the device at the other. */
final class Rig implements AutoCloseable {
    static final int MEMORY = 1 << 20;
    static final long USER = 0x7f00_0000_0000L;
    static final long DESC = 0x0;
    static final long AVAIL = 0x4000;
    static final long USED = 0x5000;
    static final long TABLE = 0x8000;
    static final long BUFFERS = 0x10000;
    static final int SIZE = 256;

    private final Arena arena = Arena.ofShared();
    final MemorySegment bytes = arena.allocate(MEMORY, 4096);
    final GuestMemory memory;
    final DriverVirtqueue driver;
    final SplitVirtqueue device;
    final DescriptorChain chain = new DescriptorChain(1024, 1 << 24);

    Rig(boolean eventIndex) throws VirtioFormatException {
        this(SIZE, VirtioFeatures.INDIRECT_DESC | (eventIndex ? VirtioFeatures.EVENT_IDX : 0), 1);
    }

    /** The memory as so many regions, side by side in guest addresses, apart in the monitor's. */
    Rig(int size, long features, int regions) throws VirtioFormatException {
        GuestMemory.Region[] table = new GuestMemory.Region[regions];
        for (int i = 0; i < regions; i++) {
            long each = MEMORY / regions;
            table[i] = new GuestMemory.Region(i * each, USER + 2L * i * each, bytes.asSlice(i * each, each));
        }
        memory = new GuestMemory(List.of(table));
        driver = new DriverVirtqueue(bytes, size, DESC, AVAIL, USED, (features & VirtioFeatures.EVENT_IDX) != 0);
        device = new SplitVirtqueue("test ring", size, memory, addresses(DESC, AVAIL, USED), features, 0);
    }

    static SplitVirtqueue.Addresses addresses(long descriptors, long avail, long used) {
        return new SplitVirtqueue.Addresses(USER + descriptors, USER + avail, USER + used);
    }

    @Override
    public void close() {
        arena.close();
    }
}
