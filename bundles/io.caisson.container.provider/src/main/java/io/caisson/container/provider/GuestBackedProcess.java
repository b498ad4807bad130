package io.caisson.container.provider;

import io.caisson.container.api.ContainerProcess;
import io.caisson.container.api.ExitStatus;
import io.caisson.guest.api.GuestExit;
import io.caisson.guest.api.GuestProcess;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;

/** A process of a container that runs, made known to the guest and started. */
final class GuestBackedProcess implements ContainerProcess {
    private final GuestProcess guest;
    private final boolean terminal;
    private final UnaryOperator<CaissonException> explanation;
    private final Runnable whenClosed;
    private final AtomicBoolean closed = new AtomicBoolean();

    /**
     * Wraps a guest's process.
     *
     * @param terminal whether it has one
     * @param explanation finds out what is behind a lost connection
     * @param whenClosed releases what exists for this process alone
     */
    GuestBackedProcess(
            GuestProcess guest, boolean terminal, UnaryOperator<CaissonException> explanation, Runnable whenClosed) {
        this.guest = guest;
        this.terminal = terminal;
        this.explanation = explanation;
        this.whenClosed = whenClosed;
    }

    /** A call to the guest. */
    @FunctionalInterface
    interface Call<T> {
        T make() throws InterruptedException;
    }

    private <T> T call(Call<T> call) throws InterruptedException {
        try {
            return call.make();
        } catch (CaissonException e) {
            throw explanation.apply(e);
        }
    }

    @Override
    public void start() {
        throw new CaissonException(ErrorKind.INVALID_STATE, "process " + guest.id() + " was started before");
    }

    @Override
    public OutputStream stdin() throws InterruptedException {
        return new ProcessStreams.Input(call(guest::stdin), explanation);
    }

    @Override
    public InputStream stdout() throws InterruptedException {
        return new ProcessStreams.Output(call(guest::stdout), explanation, () -> {});
    }

    @Override
    public InputStream stderr() throws InterruptedException {
        return terminal
                ? InputStream.nullInputStream()
                : new ProcessStreams.Output(call(guest::stderr), explanation, () -> {});
    }

    @Override
    public Optional<ExitStatus> await(Duration timeout) throws InterruptedException {
        return call(() -> guest.await(timeout)).map(GuestBackedProcess::status);
    }

    static ExitStatus status(GuestExit exit) {
        return new ExitStatus(exit.code(), exit.signal());
    }

    @Override
    public void signal(int signal) throws InterruptedException {
        call(() -> {
            guest.signal(signal);
            return guest;
        });
    }

    @Override
    public void resize(int rows, int columns) throws InterruptedException {
        call(() -> {
            guest.resize(rows, columns);
            return guest;
        });
    }

    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        // The process is to end even when it is an interrupt that makes its owner close it.
        boolean interrupted = Thread.interrupted();
        try {
            guest.delete();
        } catch (CaissonException e) {
            // Its sandbox is gone, and the process with it.
            interrupted |= Thread.interrupted();
        } catch (InterruptedException e) {
            interrupted = true;
        } finally {
            whenClosed.run();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
