package io.caisson.ext4.library;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Gathers blocks that follow one another and writes them in large pieces. Blocks may be given in any order; only
 * ascending ones are gathered.
 */
final class BlockWriter {
    private static final int WINDOW_BYTES = 1 << 20;

    private final FileChannel channel;
    private final int blockSize;
    private byte[] window;
    private long firstBlock;
    private int filled;

    BlockWriter(FileChannel channel, int blockSize) {
        this.channel = channel;
        this.blockSize = blockSize;
        // A scratch disk is a few blocks here and there: it never needs the large window.
        this.window = new byte[16 * blockSize];
    }

    /** Writes one block. */
    void put(long block, byte[] content) throws TargetException {
        int at = reserve(block);
        System.arraycopy(content, 0, window, at, blockSize);
        commit(1);
    }

    /**
     * Makes a block the next to be gathered; there is then room for at least one in {@link #window()}.
     *
     * @return where it begins in the window
     */
    int reserve(long block) throws TargetException {
        if (filled == window.length || block != firstBlock + filled / blockSize) {
            boolean grow = filled == window.length && filled < WINDOW_BYTES;
            flush();
            if (grow) {
                window = new byte[WINDOW_BYTES];
            }
            firstBlock = block;
        }
        return filled;
    }

    byte[] window() {
        return window;
    }

    /** Counts blocks that were filled in after {@link #reserve}. */
    void commit(int blocks) {
        filled += blocks * blockSize;
    }

    /** Writes what is gathered. */
    void flush() throws TargetException {
        if (filled > 0) {
            write(ByteBuffer.wrap(window, 0, filled), firstBlock * blockSize);
            filled = 0;
        }
    }

    /** Makes the file end with this byte at the earliest, without giving it blocks before. */
    void extendTo(long size) throws TargetException {
        try {
            if (channel.size() < size) {
                write(ByteBuffer.allocate(1), size - 1);
            }
        } catch (TargetException e) {
            throw e;
        } catch (IOException e) {
            throw new TargetException(e);
        }
    }

    private void write(ByteBuffer bytes, long position) throws TargetException {
        long at = position;
        try {
            while (bytes.hasRemaining()) {
                at += channel.write(bytes, at);
            }
        } catch (IOException e) {
            throw new TargetException(e);
        }
    }
}
