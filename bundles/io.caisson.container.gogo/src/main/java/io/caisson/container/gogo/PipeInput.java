package io.caisson.container.gogo;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * Input that is the session's or a Gogo pipe's: closing it closes nothing that others use. Java's pipes fail where the
 * thread that has written last is dead and nobody has closed them yet; our commands write from threads of their own, and
 * close only when their machines are gone. That is the end of input, as for every other pipe without a writer.
 */
final class PipeInput extends FilterInputStream {
    /** {@link java.io.PipedInputStream}'s words for it. */
    private static final String WRITER_DEAD = "Write end dead";

    private static final String WRITER_DEAD_MEANWHILE = "Pipe broken";

    PipeInput(InputStream from) {
        super(from);
    }

    @Override
    public int read() throws IOException {
        try {
            return super.read();
        } catch (IOException e) {
            return endOf(e);
        }
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        try {
            return super.read(target, from, length);
        } catch (IOException e) {
            return endOf(e);
        }
    }

    private static int endOf(IOException failure) throws IOException {
        if (WRITER_DEAD.equals(failure.getMessage()) || WRITER_DEAD_MEANWHILE.equals(failure.getMessage())) {
            return -1;
        }
        throw failure;
    }

    @Override
    public void close() {
        // It is the session's, or the pipe's.
    }
}
