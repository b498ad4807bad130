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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A container's first process. The container begins and ends with it. */
final class InitProcess implements ContainerProcess {
    private final OwnedContainer container;
    private final GuestProcess guest;
    private final boolean terminal;
    private final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();
    private final CompletableFuture<Void> outputEnded = new CompletableFuture<>();
    private final CompletableFuture<Void> errorEnded = new CompletableFuture<>();

    /**
     * Wraps a process that was created and not started.
     *
     * @param terminal whether it has one: then everything it writes is on one stream
     */
    InitProcess(OwnedContainer container, GuestProcess guest, boolean terminal) {
        this.container = container;
        this.guest = guest;
        this.terminal = terminal;
        if (terminal) {
            errorEnded.complete(null);
        }
    }

    @Override
    public void start() throws InterruptedException {
        container.start(guest);
    }

    @Override
    public OutputStream stdin() throws InterruptedException {
        return new ProcessStreams.Input(container.call(guest::stdin), container::explain);
    }

    @Override
    public InputStream stdout() throws InterruptedException {
        return new ProcessStreams.Output(
                container.call(guest::stdout), container::explain, () -> outputEnded.complete(null));
    }

    @Override
    public InputStream stderr() throws InterruptedException {
        return terminal
                ? InputStream.nullInputStream()
                : new ProcessStreams.Output(
                        container.call(guest::stderr), container::explain, () -> errorEnded.complete(null));
    }

    @Override
    public Optional<ExitStatus> await(Duration timeout) throws InterruptedException {
        try {
            return Optional.of(exit.get(nanos(timeout), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof CaissonException failure) {
                throw new CaissonException(failure.kind(), failure.getMessage(), failure);
            }
            throw new IllegalStateException(e);
        }
    }

    private static long nanos(Duration timeout) {
        try {
            return timeout.toNanos();
        } catch (ArithmeticException e) {
            return timeout.isNegative() ? 0 : Long.MAX_VALUE;
        }
    }

    /** Waits in the guest for the process's end. */
    ExitStatus awaitInGuest() throws InterruptedException {
        GuestExit ended = guest.await(Duration.ofNanos(Long.MAX_VALUE))
                .orElseThrow(() -> new CaissonException(ErrorKind.INTERNAL, "the wait for a process's end ran out"));
        return GuestBackedProcess.status(ended);
    }

    /** Waits until all the process has written was read, or nobody wants to. */
    void awaitOutputRead() throws InterruptedException {
        try {
            outputEnded.get();
            errorEnded.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Nobody reads what it has written. */
    void abandonOutput() {
        outputEnded.complete(null);
        errorEnded.complete(null);
    }

    /** Tells those who wait how it ended. */
    void ended(ExitStatus status) {
        exit.complete(status);
    }

    /** Tells those who wait that how it ended will never be known. */
    void lost(CaissonException failure) {
        exit.completeExceptionally(failure);
    }

    @Override
    public void signal(int signal) throws InterruptedException {
        container.call(() -> {
            guest.signal(signal);
            return guest;
        });
    }

    @Override
    public void resize(int rows, int columns) throws InterruptedException {
        container.call(() -> {
            guest.resize(rows, columns);
            return guest;
        });
    }

    /** Ends the container, which stays to be looked at until it is closed itself. */
    @Override
    public void close() {
        container.end();
    }
}
