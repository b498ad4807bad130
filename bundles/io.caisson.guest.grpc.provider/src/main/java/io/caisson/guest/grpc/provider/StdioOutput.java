package io.caisson.guest.grpc.provider;

import io.caisson.vsock.api.GuestStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a process writes, as the host reads it. Bytes go straight from the connection into the reader's array. When the
 * connection breaks, reading goes on with a new one at the offset reached. One thread reads; any may close.
 */
final class StdioOutput extends InputStream {
    /** The guest keeps 1 MiB: it is told early enough never to run out of room. */
    private static final int ACKNOWLEDGE_EVERY = 128 << 10;
    /** How often in a row a connection may break without a byte in between. */
    private static final int ATTEMPTS = 3;

    private final StdioAttacher attacher;
    private final ByteBuffer acknowledgement = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private volatile @Nullable GuestStream connection;
    private volatile boolean closed;
    // Of the reading thread alone.
    private long offset;
    private long acknowledged;
    private boolean ended;

    /** Attaches to the stream at its beginning. */
    StdioOutput(StdioAttacher attacher) throws IOException, InterruptedException {
        this.attacher = attacher;
        connection = attacher.attach(0).connection();
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
        for (int attempt = 1; !ended; attempt++) {
            GuestStream current = null;
            try {
                current = connected();
                int count = current.input().read(target, from, length);
                if (count < 0) {
                    end(current);
                } else {
                    offset += count;
                    acknowledge(current, ACKNOWLEDGE_EVERY);
                    return count;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("reading " + attacher + " was interrupted");
            } catch (StdioAttacher.RefusedException e) {
                throw e;
            } catch (IOException e) {
                if (e instanceof InterruptedIOException && current != null) {
                    // The connection is as it was.
                    throw e;
                }
                drop(current);
                if (closed) {
                    throw new IOException(attacher + " is closed", e);
                }
                if (attempt == ATTEMPTS) {
                    throw new IOException("reading " + attacher + ": the connection to the guest is lost", e);
                }
            }
        }
        return -1;
    }

    @Override
    public int available() throws IOException {
        GuestStream current = connection;
        return current == null || ended ? 0 : current.input().available();
    }

    private GuestStream connected() throws IOException, InterruptedException {
        GuestStream current = connection;
        if (current == null) {
            if (closed) {
                throw new IOException(attacher + " is closed");
            }
            current = attacher.attach(offset).connection();
            acknowledged = offset;
            connection = current;
            if (closed) {
                current.reset();
            }
        }
        return current;
    }

    private void end(GuestStream current) {
        ended = true;
        acknowledge(current, 1);
        current.close();
    }

    /** Tells the guest how far the reader has come, once there is something to tell. */
    private void acknowledge(GuestStream current, int atLeast) {
        if (offset - acknowledged < atLeast) {
            return;
        }
        try {
            current.output().write(acknowledgement.putLong(0, offset).array());
            acknowledged = offset;
        } catch (InterruptedIOException e) {
            // The bytes just read must not be lost, and half an acknowledgement may be out: the next read attaches
            // anew.
            Thread.currentThread().interrupt();
            drop(current);
        } catch (IOException e) {
            // Broken: the next read finds that out and attaches anew.
            drop(current);
        }
    }

    private void drop(@Nullable GuestStream current) {
        connection = null;
        if (current != null) {
            current.reset();
        }
    }

    /** Lets go of the stream; the guest keeps what was not read. Wakes a thread that reads. */
    @Override
    public void close() {
        closed = true;
        GuestStream current = connection;
        if (current != null) {
            current.reset();
        }
    }
}
