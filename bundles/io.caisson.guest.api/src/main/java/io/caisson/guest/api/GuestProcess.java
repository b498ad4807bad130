package io.caisson.guest.api;

import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A process in a guest. Its streams are kept by the guest until they are read, in bounded memory: a process whose
 * output nobody reads waits. A stream whose connection breaks is continued on a new one, without a byte lost or
 * repeated. One thread may use a stream at a time; closing it from another wakes the first.
 */
@ConsumerType
public interface GuestProcess {
    /** Its id, unique in its container. */
    String id();

    /**
     * Starts it and returns once its executable has been loaded.
     *
     * @throws io.caisson.service.api.CaissonException NOT_FOUND when there is no such executable, PERMISSION_DENIED
     *     when it cannot be executed, INVALID_STATE when it was started before
     */
    void start() throws InterruptedException;

    /**
     * Its standard input. Closing it ends the process's input once all that was written has been delivered. Opened at
     * the first call, then always the same.
     *
     * @throws io.caisson.service.api.CaissonException NOT_FOUND when the process was created without input
     */
    OutputStream stdin() throws InterruptedException;

    /** Its standard output, or all output when it has a terminal. Opened at the first call, then always the same. */
    InputStream stdout() throws InterruptedException;

    /**
     * Its standard error. Opened at the first call, then always the same.
     *
     * @throws io.caisson.service.api.CaissonException NOT_FOUND when the process has a terminal
     */
    InputStream stderr() throws InterruptedException;

    /** Waits for its end, at most for the time given; empty when it still runs then. */
    Optional<GuestExit> await(Duration timeout) throws InterruptedException;

    /**
     * Sends it a signal.
     *
     * @param signal 1 to 64, numbered as on x86_64 and aarch64 Linux
     */
    void signal(int signal) throws InterruptedException;

    /** Tells it the size of its terminal. INVALID_STATE when it has none. */
    void resize(int rows, int columns) throws InterruptedException;

    /** Kills it when it still runs; forgets it and its streams. Idempotent. */
    void delete() throws InterruptedException;
}
