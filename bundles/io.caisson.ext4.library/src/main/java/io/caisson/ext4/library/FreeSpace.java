package io.caisson.ext4.library;

import java.util.Arrays;

/** The free blocks of a finished layout, as ascending ranges, and the block bitmaps they make. */
final class FreeSpace {
    private long[] bounds = new long[8];
    private int size;
    private int cursor;

    /** Adds a range behind those that are here; an empty one is ignored. */
    void add(long start, long end) {
        if (start < end) {
            if (size + 2 > bounds.length) {
                bounds = Arrays.copyOf(bounds, bounds.length * 2);
            }
            bounds[size++] = start;
            bounds[size++] = end;
        }
    }

    long total() {
        long sum = 0;
        for (int i = 0; i < size; i += 2) {
            sum += bounds[i + 1] - bounds[i];
        }
        return sum;
    }

    /** Whether so many blocks from one on are all free. Asked for, as bitmaps are, in ascending order. */
    boolean isFree(long start, int count) {
        advance(start);
        return cursor < size && bounds[cursor] <= start && bounds[cursor + 1] >= start + count;
    }

    private void advance(long start) {
        while (cursor < size && bounds[cursor + 1] <= start) {
            cursor += 2;
        }
    }

    /**
     * Clears the bits of free blocks in a bitmap that is all ones. Groups are asked for in ascending order.
     *
     * @param bitmap one bit for each block
     * @param start the first bit's block
     * @param count how many of the bits stand for blocks that exist
     * @return how many are free
     */
    int clear(byte[] bitmap, long start, int count) {
        long end = start + count;
        advance(start);
        int free = 0;
        for (int i = cursor; i < size && bounds[i] < end; i += 2) {
            int from = (int) (Math.max(bounds[i], start) - start);
            int to = (int) (Math.min(bounds[i + 1], end) - start);
            clearBits(bitmap, from, to);
            free += to - from;
        }
        return free;
    }

    private static void clearBits(byte[] bitmap, int from, int to) {
        int fromByte = (from + 7) >>> 3;
        int toByte = to >>> 3;
        if (fromByte > toByte) {
            bitmap[toByte] &= (byte) ~(mask(to & 7) & ~mask(from & 7));
            return;
        }
        Arrays.fill(bitmap, fromByte, toByte, (byte) 0);
        if ((from & 7) != 0) {
            bitmap[fromByte - 1] &= (byte) mask(from & 7);
        }
        if ((to & 7) != 0) {
            bitmap[toByte] &= (byte) ~mask(to & 7);
        }
    }

    private static int mask(int bits) {
        return (1 << bits) - 1;
    }
}
