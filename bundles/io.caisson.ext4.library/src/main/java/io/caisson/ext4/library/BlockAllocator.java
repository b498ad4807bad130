package io.caisson.ext4.library;

import java.util.Map;
import java.util.TreeMap;

/**
 * Hands out blocks: upwards from the lowest that was never used, and before that what removed files gave back, so that
 * an image does not keep the room of what its upper layers replace.
 */
final class BlockAllocator {
    /** How many free runs are looked at before new blocks are taken; bounds the work for scattered ones. */
    private static final int MAX_LOOKED_AT = 64;

    private final long limit;
    private final TreeMap<Long, Long> freed = new TreeMap<>();
    private long next;

    /**
     * Allocates from a range.
     *
     * @param first the first block to use
     * @param limit the block after the last
     */
    BlockAllocator(long first, long limit) {
        this.next = first;
        this.limit = limit;
    }

    /**
     * Consecutive blocks.
     *
     * @param start the first
     * @param length how many, at least 1
     */
    record Run(long start, long length) {}

    /** At least one block and at most so many; as many as possible in one run. */
    Run allocate(long wanted) throws Ext4Exception {
        if (!freed.isEmpty()) {
            int looked = 0;
            for (Map.Entry<Long, Long> run : freed.entrySet()) {
                if (run.getValue() >= wanted) {
                    return takeFreed(run.getKey(), run.getValue(), wanted);
                }
                if (++looked == MAX_LOOKED_AT) {
                    break;
                }
            }
        }
        long length = Math.min(wanted, limit - next);
        if (length > 0) {
            next += length;
            return new Run(next - length, length);
        }
        Map.Entry<Long, Long> last = freed.lastEntry();
        if (last == null) {
            throw new FileSystemFullException(
                    "the content does not fit into the file system: all blocks up to " + limit + " are used");
        }
        return takeFreed(last.getKey(), last.getValue(), Math.min(wanted, last.getValue()));
    }

    private Run takeFreed(long start, long available, long wanted) {
        freed.remove(start);
        if (available > wanted) {
            freed.put(start + wanted, available - wanted);
        }
        return new Run(start, wanted);
    }

    /** Takes back the end of a run just allocated that was not written to. */
    void giveBack(long start, long length) {
        if (start + length == next) {
            next = start;
        } else if (length > 0) {
            free(start, length);
        }
    }

    /** Takes back blocks that were written to. */
    void free(long start, long length) {
        long from = start;
        long to = start + length;
        Map.Entry<Long, Long> before = freed.floorEntry(start);
        if (before != null && before.getKey() + before.getValue() == start) {
            from = before.getKey();
        }
        Long after = freed.remove(to);
        if (after != null) {
            to += after;
        }
        freed.put(from, to - from);
    }

    /** The lowest block that was never used. */
    long next() {
        return next;
    }

    /** What was given back and not used again, by first block. */
    Map<Long, Long> freed() {
        return freed;
    }
}
