package io.caisson.virtio.library;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Objects;

/**
 * The buffers of one descriptor chain, copied out of the descriptor table and validated by
 * {@link SplitVirtqueue#next}: device-readable bytes first, device-writable bytes after them (VIRTIO 1.2, section
 * 2.7.4.2). Made once and filled again for every chain, so that a packet costs no allocation.
 */
public final class DescriptorChain {
    private final int maxDescriptors;
    private final long maxBytes;
    private MemorySegment[] segments = new MemorySegment[16];
    private long[] offsets = new long[16];
    private long[] lengths = new long[16];
    private int count;
    private int readableCount;
    private long readableBytes;
    private long writableBytes;
    private int head;

    /**
     * An empty chain.
     *
     * @param maxDescriptors a chain of more descriptors is refused, 1 to 32768
     * @param maxBytes a chain of more bytes is refused, at least 1
     */
    public DescriptorChain(int maxDescriptors, long maxBytes) {
        if (maxDescriptors < 1 || maxDescriptors > SplitVirtqueue.MAX_SIZE || maxBytes < 1) {
            throw new IllegalArgumentException(
                    "bad bounds: " + maxDescriptors + " descriptors, " + maxBytes + " bytes");
        }
        this.maxDescriptors = maxDescriptors;
        this.maxBytes = maxBytes;
    }

    /** The number of the chain's first descriptor: what {@link SplitVirtqueue#complete} hands back. */
    public int head() {
        return head;
    }

    /** How many bytes the driver put there for the device to read. */
    public long readableBytes() {
        return readableBytes;
    }

    /** How many bytes the device may write. */
    public long writableBytes() {
        return writableBytes;
    }

    /**
     * Copies bytes that the driver wrote. They can change under the copy and differ when copied again.
     *
     * @param position of the first one among the readable bytes
     * @throws IndexOutOfBoundsException when the range is not within the readable bytes or the array
     */
    public void read(long position, byte[] target, int offset, int length) {
        Objects.checkFromIndexSize(position, length, readableBytes);
        Objects.checkFromIndexSize(offset, length, target.length);
        copy(0, readableCount, position, target, offset, length, false);
    }

    /**
     * Copies bytes to where the driver reads them once the chain is completed.
     *
     * @param position of the first one among the writable bytes
     * @throws IndexOutOfBoundsException when the range is not within the writable bytes or the array
     */
    public void write(long position, byte[] source, int offset, int length) {
        Objects.checkFromIndexSize(position, length, writableBytes);
        Objects.checkFromIndexSize(offset, length, source.length);
        copy(readableCount, count, position, source, offset, length, true);
    }

    private void copy(int from, int to, long position, byte[] array, int offset, int length, boolean toGuest) {
        long skip = position;
        int done = 0;
        for (int i = from; i < to && done < length; i++) {
            if (skip >= lengths[i]) {
                skip -= lengths[i];
                continue;
            }
            int n = (int) Math.min(length - done, lengths[i] - skip);
            if (toGuest) {
                MemorySegment.copy(array, offset + done, segments[i], ValueLayout.JAVA_BYTE, offsets[i] + skip, n);
            } else {
                MemorySegment.copy(segments[i], ValueLayout.JAVA_BYTE, offsets[i] + skip, array, offset + done, n);
            }
            done += n;
            skip = 0;
        }
    }

    int maxDescriptors() {
        return maxDescriptors;
    }

    long maxBytes() {
        return maxBytes;
    }

    void begin(int headIndex) {
        // Segments of an earlier chain stay referenced: they are the regions of the one memory table.
        count = 0;
        readableCount = 0;
        readableBytes = 0;
        writableBytes = 0;
        head = headIndex;
    }

    /** Lets go of the memory that the last chain lay in. */
    public void clear() {
        begin(0);
        Arrays.fill(segments, null);
    }

    void add(MemorySegment segment, long offset, long length, boolean writable) {
        if (count == segments.length) {
            // A buffer may straddle regions, so there can be more pieces than descriptors.
            segments = Arrays.copyOf(segments, count * 2);
            offsets = Arrays.copyOf(offsets, count * 2);
            lengths = Arrays.copyOf(lengths, count * 2);
        }
        segments[count] = segment;
        offsets[count] = offset;
        lengths[count] = length;
        count++;
        if (writable) {
            writableBytes += length;
        } else {
            readableCount = count;
            readableBytes += length;
        }
    }
}
