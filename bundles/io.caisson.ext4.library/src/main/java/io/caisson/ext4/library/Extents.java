package io.caisson.ext4.library;

import java.util.Arrays;

/** Where a file's content is: runs of blocks, in the order of the file. Most files have one, which needs no array. */
final class Extents {
    private static final int WORDS = 2;

    private long firstPosition;
    private long firstPhysical;

    /** Pairs like the two fields above: logical block and length in one word, physical block in the next. */
    private long[] others = {};

    private int size;

    /** Adds blocks that come after all that are here. */
    void add(long logical, long physical, int length) {
        if (size > 0) {
            int last = size - 1;
            if (logical(last) + length(last) == logical && physical(last) + length(last) == physical) {
                set(last, logical(last), length(last) + (long) length, physical(last));
                return;
            }
        }
        if (size > 0 && others.length < size * WORDS) {
            others = Arrays.copyOf(others, Math.max(6, others.length + others.length / 2 & ~1));
        }
        size++;
        set(size - 1, logical, length, physical);
    }

    private void set(int index, long logical, long length, long physical) {
        long position = logical << Integer.SIZE | Math.toIntExact(length);
        if (index == 0) {
            firstPosition = position;
            firstPhysical = physical;
        } else {
            others[(index - 1) * WORDS] = position;
            others[(index - 1) * WORDS + 1] = physical;
        }
    }

    int size() {
        return size;
    }

    private long position(int index) {
        return index == 0 ? firstPosition : others[(index - 1) * WORDS];
    }

    long logical(int index) {
        return position(index) >>> Integer.SIZE;
    }

    int length(int index) {
        return (int) position(index);
    }

    long physical(int index) {
        return index == 0 ? firstPhysical : others[(index - 1) * WORDS + 1];
    }

    /** All blocks taken. */
    long blocks() {
        long sum = 0;
        for (int i = 0; i < size; i++) {
            sum += length(i);
        }
        return sum;
    }
}
