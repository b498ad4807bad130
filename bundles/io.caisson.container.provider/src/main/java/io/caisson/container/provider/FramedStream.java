package io.caisson.container.provider;

import io.caisson.host.linux.ffm.UnixSocket;
import io.caisson.vsock.api.GuestStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Objects;

/**
 * A guest's stream carried by a Unix socket. Each direction is a sequence of frames: a 4-byte little-endian length, at
 * most {@value #LARGEST}, and as many bytes. A frame of length zero is the orderly end of its direction; a socket that
 * ends without one is a broken stream, which a Unix socket alone could not tell apart.
 */
final class FramedStream implements GuestStream {
    static final int LARGEST = 64 << 10;
    private static final int HEADER = 4;

    private final UnixSocket socket;
    private final Input input;
    private final Output output;

    FramedStream(UnixSocket socket) {
        this.socket = socket;
        input = new Input(socket.input());
        output = new Output(socket.output());
    }

    private static final class Input extends InputStream {
        private final InputStream socket;
        private final byte[] header = new byte[HEADER];
        private int headerRead;
        private int left;
        private boolean ended;

        Input(InputStream socket) {
            this.socket = socket;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int from, int length) throws IOException {
            Objects.checkFromIndexSize(from, length, target.length);
            if (length == 0) {
                return 0;
            }
            while (left == 0 && !ended) {
                readHeader();
            }
            if (ended) {
                return -1;
            }
            int count = socket.read(target, from, Math.min(length, left));
            if (count < 0) {
                throw new EOFException("the stream broke off");
            }
            left -= count;
            return count;
        }

        private void readHeader() throws IOException {
            while (headerRead < HEADER) {
                int count = socket.read(header, headerRead, HEADER - headerRead);
                if (count < 0) {
                    throw new EOFException("the stream broke off");
                }
                headerRead += count;
            }
            headerRead = 0;
            left = (header[0] & 0xff) | ((header[1] & 0xff) << 8) | ((header[2] & 0xff) << 16) | (header[3] << 24);
            if (left < 0 || left > LARGEST) {
                throw new IOException("a frame of " + Integer.toUnsignedString(left) + " bytes is not allowed");
            }
            ended = left == 0;
        }
    }

    private static final class Output extends OutputStream {
        private final OutputStream socket;
        private final byte[] frame = new byte[HEADER + LARGEST];
        private boolean ended;

        Output(OutputStream socket) {
            this.socket = socket;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public synchronized void write(byte[] source, int from, int length) throws IOException {
            Objects.checkFromIndexSize(from, length, source.length);
            if (ended) {
                throw new IOException("the stream's output has ended");
            }
            for (int at = 0; at < length; at += LARGEST) {
                int count = Math.min(LARGEST, length - at);
                System.arraycopy(source, from + at, frame, HEADER, count);
                send(count);
            }
        }

        synchronized void end() throws IOException {
            if (!ended) {
                ended = true;
                send(0);
            }
        }

        private void send(int length) throws IOException {
            frame[0] = (byte) length;
            frame[1] = (byte) (length >> 8);
            frame[2] = (byte) (length >> 16);
            frame[3] = 0;
            socket.write(frame, 0, HEADER + length);
        }
    }

    @Override
    public InputStream input() {
        return input;
    }

    @Override
    public OutputStream output() {
        return output;
    }

    @Override
    public void shutdownOutput() throws IOException {
        output.end();
    }

    @Override
    public void close() {
        try {
            output.end();
        } catch (IOException e) {
            // The other end has gone or does not read: it sees a broken stream.
            socket.close();
        } finally {
            socket.close();
        }
    }

    @Override
    public void reset() {
        socket.close();
    }
}
