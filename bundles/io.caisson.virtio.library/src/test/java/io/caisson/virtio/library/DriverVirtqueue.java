package io.caisson.virtio.library;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A split virtqueue, the driver's side, as Linux drives it (VIRTIO 1.2, section 2.7.13 to 2.7.14): what tests hold
 * against {@link SplitVirtqueue}. For one thread, or under one lock.
 */
public final class DriverVirtqueue {
    private static final ValueLayout.OfShort LE16 = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt LE32 = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LE64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INDEX = LE16.varHandle();

    private final MemorySegment memory;
    private final int size;
    private final long descriptors;
    private final long avail;
    private final long used;
    private final boolean eventIndex;
    private final int[] nextFree;
    private final int[] chainLength;
    private int firstFree;
    private int free;
    private int availIndex;
    private int kickedIndex;
    private int usedIndex;
    private int usedHead;
    private int usedLength;

    /**
     * Lays out an empty queue.
     *
     * @param memory the guest's memory, whose first byte has guest address 0
     * @param descriptors offset of the descriptor table; {@code avail} and {@code used} likewise
     */
    public DriverVirtqueue(
            MemorySegment memory, int size, long descriptors, long avail, long used, boolean eventIndex) {
        this.memory = memory;
        this.size = size;
        this.descriptors = descriptors;
        this.avail = avail;
        this.used = used;
        this.eventIndex = eventIndex;
        nextFree = new int[size];
        chainLength = new int[size];
        for (int i = 0; i < size; i++) {
            nextFree[i] = i + 1;
        }
        free = size;
        memory.asSlice(descriptors, 16L * size).fill((byte) 0);
        memory.asSlice(avail, 6 + 2L * size).fill((byte) 0);
        memory.asSlice(used, 6 + 8L * size).fill((byte) 0);
    }

    /** How many descriptors are free. */
    public int free() {
        return free;
    }

    /** Makes a chain of buffers available: the first {@code readable} for the device to read, the rest to write. */
    public int add(long[] addresses, int[] lengths, int readable) {
        int n = addresses.length;
        if (n > free) {
            throw new IllegalStateException("queue is full");
        }
        int head = firstFree;
        int at = head;
        for (int i = 0; i < n; i++) {
            int next = nextFree[at];
            writeDescriptor(descriptors, at, addresses[i], lengths[i], flags(i, n, readable), i + 1 < n ? next : 0);
            at = next;
        }
        firstFree = at;
        free -= n;
        chainLength[head] = n;
        publish(head);
        return head;
    }

    /** The same through an indirect table at a guest address. */
    public int addIndirect(long table, long[] addresses, int[] lengths, int readable) {
        int n = addresses.length;
        for (int i = 0; i < n; i++) {
            writeDescriptor(table, i, addresses[i], lengths[i], flags(i, n, readable), i + 1 < n ? i + 1 : 0);
        }
        if (free == 0) {
            throw new IllegalStateException("queue is full");
        }
        int head = firstFree;
        firstFree = nextFree[head];
        free--;
        chainLength[head] = 1;
        writeDescriptor(descriptors, head, table, 16 * n, 4, 0);
        publish(head);
        return head;
    }

    private static int flags(int i, int n, int readable) {
        return (i + 1 < n ? 1 : 0) | (i >= readable ? 2 : 0);
    }

    /** Writes one raw descriptor, right or wrong. */
    public void writeDescriptor(long table, int index, long address, int length, int flags, int next) {
        long at = table + 16L * index;
        memory.set(LE64, at, address);
        memory.set(LE32, at + 8, length);
        memory.set(LE16, at + 12, (short) flags);
        memory.set(LE16, at + 14, (short) next);
    }

    /** Makes a head available, right or wrong. */
    public void publish(int head) {
        memory.set(LE16, avail + 4 + 2L * (availIndex & (size - 1)), (short) head);
        availIndex = (availIndex + 1) & 0xffff;
        INDEX.setRelease(memory, avail + 2, (short) availIndex);
    }

    /** Overwrites the available index. */
    public void setAvailIndex(int index) {
        availIndex = index & 0xffff;
        INDEX.setRelease(memory, avail + 2, (short) index);
    }

    /** Whether the device wants to be notified of what was made available since this was last asked. */
    public boolean mustKick() {
        VarHandle.fullFence();
        int before = kickedIndex;
        kickedIndex = availIndex;
        if (eventIndex) {
            int event = (short) INDEX.getOpaque(memory, used + 4 + 8L * size) & 0xffff;
            return ((availIndex - event - 1) & 0xffff) < ((availIndex - before) & 0xffff);
        }
        return ((short) INDEX.getOpaque(memory, used) & 1) == 0;
    }

    /** Takes a used chain: {@link #usedHead} and {@link #usedLength} tell which. False when there is none. */
    public boolean poll() {
        if (((short) INDEX.getAcquire(memory, used + 2) & 0xffff) == usedIndex) {
            return false;
        }
        long at = used + 4 + 8L * (usedIndex & (size - 1));
        usedHead = memory.get(LE32, at);
        usedLength = memory.get(LE32, at + 4);
        usedIndex = (usedIndex + 1) & 0xffff;
        int n = chainLength[usedHead];
        int last = usedHead;
        for (int i = 1; i < n; i++) {
            last = nextFree[last];
        }
        nextFree[last] = firstFree;
        firstFree = usedHead;
        free += n;
        return true;
    }

    /** The chain last polled. */
    public int usedHead() {
        return usedHead;
    }

    /** How many bytes the device wrote to it. */
    public int usedLength() {
        return usedLength;
    }

    /** Asks for no interrupts. */
    public void disableInterrupts() {
        if (!eventIndex) {
            INDEX.setOpaque(memory, avail, (short) 1);
        }
    }

    /** Asks for an interrupt at the next used chain; true when there is one already. */
    public boolean enableInterrupts() {
        if (eventIndex) {
            INDEX.setOpaque(memory, avail + 4 + 2L * size, (short) usedIndex);
        } else {
            INDEX.setOpaque(memory, avail, (short) 0);
        }
        VarHandle.fullFence();
        return ((short) INDEX.getAcquire(memory, used + 2) & 0xffff) != usedIndex;
    }
}
