package io.caisson.container.provider;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/**
 * What a multi-step acquisition has acquired so far: closing this closes it all, last first, unless it was kept. What
 * comes late, from a step that could not be stopped in time, is closed at once.
 */
final class Undo implements AutoCloseable {
    private final Deque<AutoCloseable> acquired = new ArrayDeque<>();
    private final Consumer<Exception> failures;
    private boolean closed;

    /**
     * Nothing is acquired yet.
     *
     * @param failures hears of what could not be released; the rest is released all the same
     */
    Undo(Consumer<Exception> failures) {
        this.failures = failures;
    }

    /** Takes note of what was acquired and hands it back. */
    <T extends AutoCloseable> T add(T resource) {
        synchronized (this) {
            if (!closed) {
                acquired.push(resource);
                return resource;
            }
        }
        close(resource);
        throw new IllegalStateException("acquired too late: " + resource);
    }

    /** The acquisition is complete: everything acquired has its owner. */
    synchronized void keep() {
        acquired.clear();
    }

    @Override
    public void close() {
        while (true) {
            AutoCloseable resource;
            synchronized (this) {
                closed = true;
                resource = acquired.poll();
            }
            if (resource == null) {
                return;
            }
            close(resource);
        }
    }

    private void close(AutoCloseable resource) {
        try {
            resource.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            failures.accept(e);
        }
    }
}
