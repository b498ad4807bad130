package io.caisson.vm.qemu.provider;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/** Closes, in reverse order, what was acquired on the way to something that then did not come about. */
final class Undo implements AutoCloseable {
    private final Deque<AutoCloseable> acquired = new ArrayDeque<>();

    /** Remembers something to close. */
    <T extends AutoCloseable> T add(T closeable) {
        acquired.push(closeable);
        return closeable;
    }

    /** Leaves everything open: it has another owner now. */
    void forget() {
        acquired.clear();
    }

    /** Closes everything; a failure to close something keeps nothing else open. */
    @Override
    public void close() throws IOException {
        IOException failure = null;
        while (!acquired.isEmpty()) {
            AutoCloseable last = acquired.pop();
            try {
                last.close();
            } catch (Exception e) {
                var problem = new IOException("cannot close " + last, e);
                if (failure == null) {
                    failure = problem;
                } else {
                    failure.addSuppressed(problem);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
