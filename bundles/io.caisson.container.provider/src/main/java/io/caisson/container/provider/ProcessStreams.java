package io.caisson.container.provider;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.function.UnaryOperator;

/** The streams of a process, which say what became of the sandbox when they break. */
final class ProcessStreams {
    private ProcessStreams() {}

    private static IOException explained(IOException failure, UnaryOperator<CaissonException> explanation) {
        if (failure instanceof InterruptedIOException) {
            return failure;
        }
        var lost = new CaissonException(ErrorKind.UNAVAILABLE, String.valueOf(failure.getMessage()), failure);
        return new IOException(explanation.apply(lost).getMessage(), failure);
    }

    /** What a process writes. */
    static final class Output extends FilterInputStream {
        private final UnaryOperator<CaissonException> explanation;
        private final Runnable ended;

        /**
         * Wraps a stream.
         *
         * @param ended is run at the end of the stream, or when it is closed or broken; possibly more than once
         */
        Output(InputStream stream, UnaryOperator<CaissonException> explanation, Runnable ended) {
            super(stream);
            this.explanation = explanation;
            this.ended = ended;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int from, int length) throws IOException {
            try {
                int count = in.read(target, from, length);
                if (count < 0) {
                    ended.run();
                }
                return count;
            } catch (InterruptedIOException e) {
                throw e;
            } catch (IOException e) {
                ended.run();
                throw explained(e, explanation);
            }
        }

        @Override
        public void close() throws IOException {
            ended.run();
            in.close();
        }
    }

    /** What a process reads. */
    static final class Input extends FilterOutputStream {
        private final UnaryOperator<CaissonException> explanation;

        Input(OutputStream stream, UnaryOperator<CaissonException> explanation) {
            super(stream);
            this.explanation = explanation;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] source, int from, int length) throws IOException {
            try {
                out.write(source, from, length);
            } catch (IOException e) {
                throw explained(e, explanation);
            }
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }
}
