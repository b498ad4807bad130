package io.caisson.virtio.library;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;

/**
 * The guest's memory as the device sees it: an immutable table of regions, each known by its guest-physical address
 * (what descriptors hold) and its address in the monitor (what vhost-user gives for the rings). Safe for use by any
 * number of threads, as far as the segments are.
 */
public final class GuestMemory {
    /** A table never has more regions; a search looks at each. */
    public static final int MAX_REGIONS = 32;

    private final long[] guest;
    private final long[] user;
    private final long[] sizes;
    private final MemorySegment[] segments;

    /**
     * One region of contiguous guest memory.
     *
     * @param guestAddress guest-physical address of its first byte, not negative
     * @param userAddress address of its first byte in the monitor, not negative
     * @param bytes the mapped memory; its size is the region's, above 0. Stays the caller's, who keeps it alive for as
     *     long as the table is used
     */
    public record Region(long guestAddress, long userAddress, MemorySegment bytes) {
        /** Checks that the region is not empty and ends below 2^63 in both address spaces. */
        public Region {
            Objects.requireNonNull(bytes, "bytes");
            long size = bytes.byteSize();
            if (size <= 0 || outside(guestAddress, size) || outside(userAddress, size)) {
                throw new IllegalArgumentException("not a memory region: guest address 0x"
                        + Long.toHexString(guestAddress) + ", user address 0x" + Long.toHexString(userAddress)
                        + ", size " + size);
            }
        }

        private static boolean outside(long address, long size) {
            return address < 0 || address > Long.MAX_VALUE - size;
        }
    }

    /**
     * A table of regions.
     *
     * @throws IllegalArgumentException when there are none or more than {@link #MAX_REGIONS}, or two overlap in either
     *     address space
     */
    public GuestMemory(List<Region> regions) {
        int count = regions.size();
        if (count == 0 || count > MAX_REGIONS) {
            throw new IllegalArgumentException("guest memory has " + count + " regions, must have 1 to " + MAX_REGIONS);
        }
        guest = new long[count];
        user = new long[count];
        sizes = new long[count];
        segments = new MemorySegment[count];
        for (int i = 0; i < count; i++) {
            Region region = regions.get(i);
            guest[i] = region.guestAddress();
            user[i] = region.userAddress();
            sizes[i] = region.bytes().byteSize();
            segments[i] = region.bytes();
            for (int k = 0; k < i; k++) {
                if (overlap(guest, i, k) || overlap(user, i, k)) {
                    throw new IllegalArgumentException("guest memory regions " + k + " and " + i + " overlap");
                }
            }
        }
    }

    private boolean overlap(long[] base, int i, int k) {
        return base[i] < base[k] + sizes[k] && base[k] < base[i] + sizes[i];
    }

    /** The region that holds a guest-physical address, or -1. */
    int regionOf(long guestAddress) {
        return search(guest, guestAddress);
    }

    private int search(long[] base, long address) {
        for (int i = 0; i < base.length; i++) {
            // Unsigned: an address below the base wraps to something larger than any size.
            if (Long.compareUnsigned(address - base[i], sizes[i]) < 0) {
                return i;
            }
        }
        return -1;
    }

    long offsetIn(int region, long guestAddress) {
        return guestAddress - guest[region];
    }

    long sizeOf(int region) {
        return sizes[region];
    }

    MemorySegment segment(int region) {
        return segments[region];
    }

    /**
     * The bytes at an address of the monitor's.
     *
     * @param userAddress where they begin, in the monitor
     * @param length how many, above 0
     * @param what names them in the exception
     * @throws VirtioFormatException when they do not lie in one region
     */
    public MemorySegment atUserAddress(long userAddress, long length, String what) throws VirtioFormatException {
        int region = search(user, userAddress);
        if (region < 0 || length > sizes[region] - (userAddress - user[region])) {
            throw new VirtioFormatException(
                    what, 0, 0, "0x" + Long.toHexString(userAddress) + " + " + length + " lies outside guest memory");
        }
        return segments[region].asSlice(userAddress - user[region], length);
    }
}
