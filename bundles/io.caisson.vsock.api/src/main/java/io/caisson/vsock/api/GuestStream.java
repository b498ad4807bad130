package io.caisson.vsock.api;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A connected byte stream. One thread may read while another writes. Memory is bounded: a reader that does not read
 * makes the writer at the other end wait. A thread blocked in {@link #input()} or {@link #output()} is woken, with an
 * {@link IOException}, by {@link #close()} and {@link #reset()}, and by an interrupt with an
 * {@link java.io.InterruptedIOException}, which leaves the thread interrupted and the stream usable. Closing
 * {@link #input()} or {@link #output()} closes the stream, as with {@link java.net.Socket}.
 */
@ConsumerType
public interface GuestStream extends AutoCloseable {
    /** What the other end sends; -1 after its orderly end of output, an exception after a reset. */
    InputStream input();

    /** What the other end receives. Writes are passed on at once; {@code flush} has nothing to do. */
    OutputStream output();

    /** Tells the other end that no more will be sent. Reading goes on. Idempotent. */
    void shutdownOutput() throws IOException;

    /**
     * Ends both directions. What was written before and the other end has not yet been given is still delivered.
     * Returns without waiting for the other end. Idempotent.
     */
    @Override
    void close();

    /** Ends both directions abruptly: the other end sees a broken connection or, in a Linux guest, the end. Idempotent. */
    void reset();
}
