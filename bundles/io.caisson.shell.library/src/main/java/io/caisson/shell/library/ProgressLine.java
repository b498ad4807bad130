package io.caisson.shell.library;

import io.caisson.service.api.ProgressListener;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * One line on standard error that says how far long work has come, and vanishes when it is done. Says nothing when that
 * is no terminal. Safe for use by several threads.
 */
public final class ProgressLine implements ProgressListener, AutoCloseable {
    private static final long PERIOD_NANOS = 100_000_000;
    private static final String ERASE = "\r\u001b[K";

    private final boolean visible;
    private final PrintStream out =
            new PrintStream(new FileOutputStream(FileDescriptor.err), false, StandardCharsets.UTF_8);
    private long last;
    private boolean dirty;

    /**
     * A line.
     *
     * @param terminal whether standard error is a terminal
     */
    public ProgressLine(boolean terminal) {
        visible = terminal;
    }

    @Override
    public synchronized void progressed(Progress progress) {
        long now = System.nanoTime();
        if (!visible || (dirty && now - last < PERIOD_NANOS)) {
            return;
        }
        last = now;
        dirty = true;
        String share = progress.total() > 0 ? " " + 100 * progress.done() / progress.total() + " %" : "";
        out.print(ERASE + progress.task() + share);
        out.flush();
    }

    /** Erases the line. Idempotent. */
    @Override
    public synchronized void close() {
        if (dirty) {
            out.print(ERASE);
            out.flush();
            dirty = false;
        }
    }
}
