package io.caisson.container.provider;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Steps of a start that go on side by side. Closing this interrupts those still running and waits for them. */
final class Tasks implements AutoCloseable {
    private static final long GIVE_UP_SECONDS = 10;

    private final ExecutorService executor;
    private final String id;
    private final Consumer<Exception> failures;

    /**
     * None yet.
     *
     * @param id the container's
     * @param failures hears of a step that does not end
     */
    Tasks(String id, Consumer<Exception> failures) {
        this.id = id;
        this.failures = failures;
        executor = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("caisson-" + id + "-start-", 0).factory());
    }

    /** A step's outcome. */
    record Task<T>(Future<T> future) {
        /** Waits for it; what the step threw is thrown here. */
        T get() throws InterruptedException {
            try {
                return future.get();
            } catch (ExecutionException e) {
                throw failure(e.getCause());
            }
        }

        /** Waits for it as long as this. */
        Optional<T> get(Duration timeout) throws InterruptedException {
            try {
                return Optional.of(future.get(timeout.toNanos(), TimeUnit.NANOSECONDS));
            } catch (ExecutionException e) {
                throw failure(e.getCause());
            } catch (TimeoutException e) {
                return Optional.empty();
            }
        }

        private static RuntimeException failure(@Nullable Throwable cause) {
            return switch (cause) {
                case RuntimeException e -> e;
                case Error e -> throw e;
                case null -> new IllegalStateException("a step failed without a cause");
                default -> new CaissonException(ErrorKind.INTERNAL, "a step of the start failed: " + cause, cause);
            };
        }
    }

    <T> Task<T> start(Callable<T> step) {
        return new Task<>(executor.submit(step));
    }

    @Override
    public void close() {
        executor.shutdownNow();
        boolean interrupted = Thread.interrupted();
        try {
            if (!executor.awaitTermination(GIVE_UP_SECONDS, TimeUnit.SECONDS)) {
                failures.accept(new CaissonException(
                        ErrorKind.TIMEOUT,
                        "a step of the start of container " + id + " does not end " + GIVE_UP_SECONDS
                                + " s after it was interrupted, and is left behind"));
            }
        } catch (InterruptedException e) {
            interrupted = true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
