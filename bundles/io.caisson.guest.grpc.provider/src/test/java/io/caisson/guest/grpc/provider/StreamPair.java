package io.caisson.guest.grpc.provider;

import io.caisson.vsock.api.GuestStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/** Two connected streams in memory, with a small buffer each way, that can be made to break after some bytes. */
final class StreamPair {
    private static final int CAPACITY = 4096;

    private final Pipe toGuest;
    private final Pipe toHost;
    final GuestStream host;
    final GuestStream guest;

    StreamPair() {
        this(Long.MAX_VALUE);
    }

    /** A pair that breaks, both ways, once this many bytes have been written in all. */
    StreamPair(long lifetime) {
        var life = new Life(lifetime);
        toGuest = new Pipe(life);
        toHost = new Pipe(life);
        host = new End(toHost, toGuest);
        guest = new End(toGuest, toHost);
    }

    private static final class Life {
        private long left;

        Life(long left) {
            this.left = left;
        }

        synchronized int take(int count) {
            int taken = (int) Math.min(count, left);
            left -= taken;
            return taken;
        }
    }

    /** Breaks both ways; the host's first, or a guest that sees the break might still say so. */
    void breakOff() {
        toHost.breakOff();
        toGuest.breakOff();
    }

    private final class Pipe {
        private final byte[] ring = new byte[CAPACITY];
        private final Life life;
        private long written;
        private long read;
        private boolean ended;
        private boolean broken;
        private boolean readerGone;

        Pipe(Life life) {
            this.life = life;
        }

        synchronized int read(byte[] target, int from, int length) throws IOException {
            Objects.checkFromIndexSize(from, length, target.length);
            waitWhile(() -> written == read && !ended && !broken && !readerGone);
            if (broken || readerGone) {
                throw new IOException("broken");
            }
            if (written == read) {
                return -1;
            }
            int count = (int) Math.min(length, written - read);
            for (int i = 0; i < count; i++) {
                target[from + i] = ring[(int) ((read + i) % CAPACITY)];
            }
            read += count;
            notifyAll();
            return count;
        }

        void write(byte[] source, int from, int length) throws IOException {
            int allowed = life.take(length);
            writeAll(source, from, allowed);
            if (allowed < length) {
                StreamPair.this.breakOff();
                throw new IOException("broken");
            }
        }

        private synchronized void writeAll(byte[] source, int from, int length) throws IOException {
            for (int i = 0; i < length; i++) {
                waitWhile(() -> written - read == CAPACITY && !broken && !ended && !readerGone);
                if (broken || ended || readerGone) {
                    throw new IOException("broken");
                }
                ring[(int) (written++ % CAPACITY)] = source[from + i];
                notifyAll();
            }
        }

        private synchronized void waitWhile(BooleanSupplier condition) throws InterruptedIOException {
            try {
                while (condition.getAsBoolean()) {
                    wait();
                }
            } catch (InterruptedException e) {
                throw new InterruptedIOException();
            }
        }

        synchronized void end() {
            ended = true;
            notifyAll();
        }

        synchronized void readerGone() {
            readerGone = true;
            notifyAll();
        }

        synchronized void breakOff() {
            broken = true;
            notifyAll();
        }
    }

    private final class End implements GuestStream {
        private final Pipe in;
        private final Pipe out;

        End(Pipe in, Pipe out) {
            this.in = in;
            this.out = out;
        }

        @Override
        public InputStream input() {
            return new InputStream() {
                @Override
                public int read() throws IOException {
                    byte[] one = new byte[1];
                    return in.read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
                }

                @Override
                public int read(byte[] target, int from, int length) throws IOException {
                    return length == 0 ? 0 : in.read(target, from, length);
                }
            };
        }

        @Override
        public OutputStream output() {
            return new OutputStream() {
                @Override
                public void write(int b) throws IOException {
                    out.write(new byte[] {(byte) b}, 0, 1);
                }

                @Override
                public void write(byte[] source, int from, int length) throws IOException {
                    out.write(source, from, length);
                }
            };
        }

        @Override
        public void shutdownOutput() {
            out.end();
        }

        @Override
        public void close() {
            out.end();
            in.readerGone();
        }

        @Override
        public void reset() {
            breakOff();
        }
    }
}
