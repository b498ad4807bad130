package io.caisson.container.api;

import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A process in a container. Its output waits in bounded memory until it is read. When the sandbox dies under it, every
 * call and stream fails with what is known of the cause.
 */
@ProviderType
public interface ContainerProcess extends AutoCloseable {
    /**
     * Starts it and returns once its executable has been loaded; a process made by {@link ContainerHandle#exec} is
     * started already.
     *
     * @throws io.caisson.service.api.CaissonException NOT_FOUND when there is no such executable, PERMISSION_DENIED
     *     when it cannot be executed
     */
    void start() throws InterruptedException;

    /** Its standard input; closing it is the end of input. */
    OutputStream stdin() throws InterruptedException;

    /** Its standard output; all output when it has a terminal. */
    InputStream stdout() throws InterruptedException;

    /** Its standard error; empty when it has a terminal. */
    InputStream stderr() throws InterruptedException;

    /** Waits for its end, at most for the time given; empty when it still runs then. */
    Optional<ExitStatus> await(Duration timeout) throws InterruptedException;

    /**
     * Sends it a signal.
     *
     * @param signal 1 to 64
     */
    void signal(int signal) throws InterruptedException;

    /** Tells it the size of its terminal. */
    void resize(int rows, int columns) throws InterruptedException;

    /** Kills it when it still runs and forgets it. Idempotent; does not throw. */
    @Override
    void close();
}
