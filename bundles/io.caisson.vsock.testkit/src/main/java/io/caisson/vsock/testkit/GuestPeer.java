package io.caisson.vsock.testkit;

import java.io.IOException;
import org.osgi.annotation.versioning.ConsumerType;

/** A guest on an endpoint under test: what its programs do, told from outside. Safe for any number of threads. */
@ConsumerType
public interface GuestPeer extends AutoCloseable {
    /** Has a program in the guest listen on a port. */
    Listening listen(int port) throws IOException;

    /**
     * Has a program in the guest connect to a port of the host.
     *
     * @throws java.net.ConnectException the host refused
     */
    Socket connect(int port) throws IOException, InterruptedException;

    /** Ends the guest at once, as when its monitor is killed. */
    void die();

    /** Ends the guest and gives back what it took. Idempotent. */
    @Override
    void close();

    /** A listening socket in the guest. */
    @ConsumerType
    interface Listening extends AutoCloseable {
        /** The next connection. */
        Socket accept() throws IOException, InterruptedException;

        @Override
        void close();
    }

    /** A connected socket in the guest. */
    @ConsumerType
    interface Socket extends AutoCloseable {
        /** Reads at least one byte; -1 at the end of the stream. */
        int read(byte[] target, int offset, int length) throws IOException, InterruptedException;

        /** Writes all of it, waiting for room. */
        void write(byte[] source, int offset, int length) throws IOException, InterruptedException;

        /** Sends no more. */
        void shutdownOutput() throws IOException;

        /** Ends both directions, in order. */
        @Override
        void close();
    }
}
