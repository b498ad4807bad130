package io.caisson.virtio.library;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A split virtqueue, the device's side (VIRTIO 1.2, section 2.7). It takes descriptor chains that the driver made
 * available, in order, and gives them back as used.
 *
 * <p>Not supported: packed virtqueues (section 2.8), VIRTIO_F_IN_ORDER, the big-endian rings of legacy guests.
 *
 * <p>Memory order. The driver is another processor that follows the specification's barriers; each access here that
 * needs its counterpart there names it. The 16-bit indices are naturally aligned, which the constructor checks, so they
 * are read and written whole.
 */
public final class SplitVirtqueue {
    /** The largest queue size there is (section 2.7). */
    public static final int MAX_SIZE = 32768;

    private static final ValueLayout.OfShort LE16 = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt LE32 = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LE64_ANYWHERE =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INDEX = LE16.varHandle();

    // struct virtq_desc (section 2.7.5): le64 addr; le32 len; le16 flags; le16 next.
    private static final int DESC_BYTES = 16;
    private static final int DESC_F_NEXT = 1;
    private static final int DESC_F_WRITE = 2;
    private static final int DESC_F_INDIRECT = 4;
    private static final int DESC_F_KNOWN = DESC_F_NEXT | DESC_F_WRITE | DESC_F_INDIRECT;

    // struct virtq_avail (section 2.7.6): le16 flags; le16 idx; le16 ring[size]; le16 used_event.
    private static final long AVAIL_FLAGS = 0;
    private static final long AVAIL_IDX = 2;
    private static final long AVAIL_RING = 4;
    private static final int AVAIL_F_NO_INTERRUPT = 1;

    // struct virtq_used (section 2.7.8): le16 flags; le16 idx; { le32 id; le32 len } ring[size]; le16 avail_event.
    private static final long USED_FLAGS = 0;
    private static final long USED_IDX = 2;
    private static final long USED_RING = 4;
    private static final int USED_ELEM_BYTES = 8;
    private static final int USED_F_NO_NOTIFY = 1;

    private final String name;
    private final int size;
    private final GuestMemory memory;
    private final MemorySegment descriptors;
    private final MemorySegment avail;
    private final MemorySegment used;
    private final boolean indirect;
    private final boolean eventIndex;

    /** Index of the chain to take next, and how far the driver's index was when last looked at; both modulo 2^16. */
    private int nextAvail;

    private int seenAvail;
    /** Index of the used entry to write next, and what it was when the driver was last told; both modulo 2^16. */
    private int nextUsed;

    private int announcedUsed;
    private boolean notificationsSuppressed;

    /**
     * Where a queue's three parts begin, as addresses of the monitor's.
     *
     * @param descriptors the descriptor table, aligned to 16
     * @param avail the available ring, aligned to 2
     * @param used the used ring, aligned to 4
     */
    public record Addresses(long descriptors, long avail, long used) {}

    /**
     * Attaches to a queue that the driver has laid out.
     *
     * @param name names the queue in exceptions
     * @param size number of descriptors: a power of two, at most {@link #MAX_SIZE}
     * @param memory outlives this object
     * @param features what was negotiated, of {@link VirtioFeatures}
     * @param nextAvail index of the first chain to take, 0 to 65535
     * @throws VirtioFormatException when the size is not allowed, or a part is misaligned or outside guest memory
     */
    public SplitVirtqueue(String name, int size, GuestMemory memory, Addresses addresses, long features, int nextAvail)
            throws VirtioFormatException {
        checkSize(name, size);
        this.name = name;
        this.size = size;
        this.memory = memory;
        indirect = (features & VirtioFeatures.INDIRECT_DESC) != 0;
        eventIndex = (features & VirtioFeatures.EVENT_IDX) != 0;
        descriptors = part(addresses.descriptors(), (long) DESC_BYTES * size, 16, "descriptor table");
        avail = part(addresses.avail(), AVAIL_RING + 2L * size + 2, 2, "available ring");
        used = part(addresses.used(), USED_RING + (long) USED_ELEM_BYTES * size + 2, 4, "used ring");
        this.nextAvail = nextAvail & 0xffff;
        seenAvail = this.nextAvail;
        nextUsed = (short) INDEX.getAcquire(used, USED_IDX) & 0xffff;
        announcedUsed = nextUsed;
    }

    /**
     * Checks a queue size by itself.
     *
     * @param name names the queue in the exception
     * @throws VirtioFormatException when it is not a power of two of at most {@link #MAX_SIZE}
     */
    public static void checkSize(String name, int size) throws VirtioFormatException {
        if (size <= 0 || size > MAX_SIZE || (size & (size - 1)) != 0) {
            throw new VirtioFormatException(name, 0, 0, "queue size " + size + " is not a power of two up to 32768");
        }
    }

    private MemorySegment part(long address, long bytes, int alignment, String what) throws VirtioFormatException {
        MemorySegment segment = memory.atUserAddress(address, bytes, name + ", " + what);
        // The mapped address counts, not the monitor's: it is what the aligned accesses below are made to.
        if ((segment.address() & (alignment - 1)) != 0) {
            throw new VirtioFormatException(
                    name + ", " + what, 0, 0, "0x" + Long.toHexString(address) + " is not aligned to " + alignment);
        }
        return segment;
    }

    /** Index of the chain that {@link #next} takes next, 0 to 65535: where to go on after a stop. */
    public int nextAvail() {
        return nextAvail;
    }

    /**
     * Whether the driver has made a chain available.
     *
     * @throws VirtioFormatException when the driver's index is further ahead than the queue is long
     */
    public boolean hasAvailable() throws VirtioFormatException {
        if (seenAvail == nextAvail) {
            // Acquire: pairs with the driver's write barrier between filling entries and raising avail.idx (2.7.13.3).
            seenAvail = (short) INDEX.getAcquire(avail, AVAIL_IDX) & 0xffff;
            int ahead = (seenAvail - nextAvail) & 0xffff;
            if (ahead > size) {
                throw new VirtioFormatException(
                        name + ", available ring",
                        seenAvail,
                        AVAIL_IDX,
                        "the index is " + ahead + " ahead in a queue of " + size);
            }
        }
        return seenAvail != nextAvail;
    }

    /**
     * Takes the next available chain.
     *
     * @param chain receives it; what it held before is gone, whatever happens
     * @return false when there is none
     * @throws VirtioFormatException when the chain or the ring breaks the specification or the chain's bounds
     */
    public boolean next(DescriptorChain chain) throws VirtioFormatException {
        if (!hasAvailable()) {
            return false;
        }
        int head = avail.get(LE16, AVAIL_RING + 2L * (nextAvail & (size - 1))) & 0xffff;
        walk(head, chain);
        nextAvail = (nextAvail + 1) & 0xffff;
        return true;
    }

    private void walk(int head, DescriptorChain chain) throws VirtioFormatException {
        MemorySegment table = descriptors;
        long tableOffset = 0;
        int entries = size;
        boolean inIndirect = false;
        int index = head;
        chain.begin(head);
        for (int steps = 0; ; steps++) {
            if (index >= entries) {
                throw fault(inIndirect, index, "there are only " + entries + " descriptors");
            }
            if (steps >= chain.maxDescriptors()) {
                throw fault(inIndirect, index, "the chain loops or has more than " + steps + " descriptors");
            }
            // Two reads and each field is ours: the driver cannot change it between check and use.
            long at = tableOffset + (long) DESC_BYTES * index;
            long address = table.get(LE64_ANYWHERE, at);
            long rest = table.get(LE64_ANYWHERE, at + 8);
            long length = rest & 0xffffffffL;
            int flags = (int) (rest >>> 32) & 0xffff;
            if ((flags & ~DESC_F_KNOWN) != 0) {
                throw fault(inIndirect, index, "unknown flags 0x" + Integer.toHexString(flags));
            }
            if ((flags & DESC_F_INDIRECT) != 0) {
                checkIndirect(inIndirect, index, flags, length);
                int region = memory.regionOf(address);
                if (region < 0 || length > memory.sizeOf(region) - memory.offsetIn(region, address)) {
                    throw outside(inIndirect, index, address, length);
                }
                table = memory.segment(region);
                tableOffset = memory.offsetIn(region, address);
                entries = (int) (length / DESC_BYTES);
                inIndirect = true;
                index = 0;
                continue;
            }
            addBuffer(chain, inIndirect, index, address, length, (flags & DESC_F_WRITE) != 0);
            if ((flags & DESC_F_NEXT) == 0) {
                return;
            }
            index = (int) (rest >>> 48);
        }
    }

    /** Section 2.7.5.3.1: one level, not chained on, a whole number of descriptors, and only when negotiated. */
    private void checkIndirect(boolean inIndirect, int index, int flags, long length) throws VirtioFormatException {
        if (!indirect) {
            throw fault(inIndirect, index, "an indirect table, which was not negotiated");
        }
        if (inIndirect) {
            throw fault(true, index, "an indirect table inside an indirect table");
        }
        if ((flags & DESC_F_NEXT) != 0) {
            throw fault(false, index, "an indirect table with a next descriptor");
        }
        if (length == 0 || length % DESC_BYTES != 0 || length / DESC_BYTES > MAX_SIZE) {
            throw fault(false, index, "an indirect table of " + length + " bytes");
        }
    }

    private void addBuffer(
            DescriptorChain chain, boolean inIndirect, int index, long address, long length, boolean writable)
            throws VirtioFormatException {
        if (!writable && chain.writableBytes() > 0) {
            throw fault(inIndirect, index, "a readable buffer after a writable one");
        }
        if (length > chain.maxBytes() - chain.readableBytes() - chain.writableBytes()) {
            throw fault(inIndirect, index, "the chain holds more than " + chain.maxBytes() + " bytes");
        }
        long at = address;
        long left = length;
        while (left > 0) {
            int region = memory.regionOf(at);
            if (region < 0) {
                throw outside(inIndirect, index, address, length);
            }
            long offset = memory.offsetIn(region, at);
            long n = Math.min(left, memory.sizeOf(region) - offset);
            chain.add(memory.segment(region), offset, n, writable);
            at += n;
            left -= n;
        }
    }

    private VirtioFormatException outside(boolean inIndirect, int index, long address, long length) {
        return fault(
                inIndirect, index, "0x" + Long.toHexString(address) + " + " + length + " lies outside guest memory");
    }

    private VirtioFormatException fault(boolean inIndirect, int index, String problem) {
        return new VirtioFormatException(
                name + (inIndirect ? ", indirect table" : ", descriptor table"),
                index,
                (long) DESC_BYTES * index,
                problem);
    }

    /**
     * Gives a chain back to the driver. Tells nobody: see {@link #mustInterrupt}.
     *
     * @param head the chain's, as {@link DescriptorChain#head} gave it
     * @param written how many bytes were written to it, from the first writable byte on
     */
    public void complete(int head, int written) {
        long at = USED_RING + (long) USED_ELEM_BYTES * (nextUsed & (size - 1));
        used.set(LE32, at, head);
        used.set(LE32, at + 4, written);
        nextUsed = (nextUsed + 1) & 0xffff;
        // Release: pairs with the driver's read barrier between reading used.idx and the entries (2.7.14).
        INDEX.setRelease(used, USED_IDX, (short) nextUsed);
    }

    /** Whether chains were completed since {@link #mustInterrupt} was last asked. */
    public boolean hasUnannounced() {
        return announcedUsed != nextUsed;
    }

    /**
     * Whether the driver wants an interrupt for what was completed since this was last asked. True obliges the caller
     * to send one.
     */
    public boolean mustInterrupt() {
        if (!hasUnannounced()) {
            return false;
        }
        // Full fence: our used.idx must be visible before used_event or the flags are read. Pairs with the driver's
        // full barrier between asking for interrupts and looking at used.idx again (2.7.7.1, 2.7.14); without it both
        // could miss each other and the driver would sleep on.
        VarHandle.fullFence();
        int before = announcedUsed;
        announcedUsed = nextUsed;
        if (eventIndex) {
            int event = (short) INDEX.getOpaque(avail, AVAIL_RING + 2L * size) & 0xffff;
            return ((nextUsed - event - 1) & 0xffff) < ((nextUsed - before) & 0xffff);
        }
        return ((short) INDEX.getOpaque(avail, AVAIL_FLAGS) & AVAIL_F_NO_INTERRUPT) == 0;
    }

    /** Tells the driver that it need not notify of new chains: a hint it may ignore. */
    public void suppressNotifications() {
        if (!notificationsSuppressed) {
            notificationsSuppressed = true;
            if (!eventIndex) {
                INDEX.setOpaque(used, USED_FLAGS, (short) USED_F_NO_NOTIFY);
            }
            // With EVENT_IDX an avail_event left behind does the same.
        }
    }

    /**
     * Asks the driver to notify when it makes the next chain available.
     *
     * @return true when there is one already, for which no notification may come: take it and ask again
     * @throws VirtioFormatException when the driver's index is further ahead than the queue is long
     */
    public boolean requestNotification() throws VirtioFormatException {
        notificationsSuppressed = false;
        if (eventIndex) {
            INDEX.setOpaque(used, USED_RING + (long) USED_ELEM_BYTES * size, (short) nextAvail);
        } else {
            INDEX.setOpaque(used, USED_FLAGS, (short) 0);
        }
        // Full fence: the request must be visible before avail.idx is read again. Pairs with the driver's full barrier
        // between raising avail.idx and reading avail_event or the flags (2.7.13.4.1).
        VarHandle.fullFence();
        return hasAvailable();
    }
}
