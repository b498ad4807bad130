package io.caisson.guest.grpc.provider;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Holds one standard stream of a process: opened at the first use, then always the same, closed once for all. */
final class StdioSlot<T> {
    private final Consumer<T> closer;
    /** Held while the stream is opened, which may take its time; never by {@link #close()}. */
    private final ReentrantLock opening = new ReentrantLock();

    // Guarded by this object's monitor.
    private @Nullable T stream;
    private boolean closed;

    StdioSlot(Consumer<T> closer) {
        this.closer = closer;
    }

    /** Opens a stream. */
    @FunctionalInterface
    interface Opening<T> {
        T open() throws IOException, InterruptedException;
    }

    T open(StdioAttacher attacher, Opening<T> how) throws InterruptedException {
        opening.lockInterruptibly();
        try {
            T open = current(attacher);
            return open != null ? open : keep(attacher, how.open());
        } catch (StdioAttacher.RefusedException e) {
            ErrorKind kind =
                    switch (e.status()) {
                        case STATUS_NOT_FOUND -> ErrorKind.NOT_FOUND;
                        case STATUS_OUT_OF_RANGE, STATUS_ENDED -> ErrorKind.INVALID_STATE;
                        default -> ErrorKind.INTERNAL;
                    };
            throw new CaissonException(kind, String.valueOf(e.getMessage()), e.getCause());
        } catch (IOException e) {
            throw new CaissonException(
                    ErrorKind.UNAVAILABLE, "attaching to " + attacher + ": the connection to the guest is lost", e);
        } finally {
            opening.unlock();
        }
    }

    private synchronized @Nullable T current(StdioAttacher attacher) {
        if (closed) {
            throw new CaissonException(ErrorKind.INVALID_STATE, "attaching to " + attacher + ": it is closed");
        }
        return stream;
    }

    private synchronized T keep(StdioAttacher attacher, T opened) {
        if (closed) {
            closer.accept(opened);
            throw new CaissonException(ErrorKind.INVALID_STATE, "attaching to " + attacher + ": it is closed");
        }
        stream = opened;
        return opened;
    }

    /** Closes the stream, if there is one, and refuses to open any. Idempotent. */
    void close() {
        T open;
        synchronized (this) {
            closed = true;
            open = stream;
            stream = null;
        }
        if (open != null) {
            closer.accept(open);
        }
    }
}
