package io.caisson.container.gogo;

import io.caisson.host.linux.ffm.Terminal;
import io.caisson.service.api.ProgressListener;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * One line on the terminal that says how far a preparation has come, and vanishes when it is done. Says nothing when
 * standard error is no terminal.
 */
final class ProgressLine implements ProgressListener, AutoCloseable {
    private static final long PERIOD_NANOS = 100_000_000;
    private static final String ERASE = "\r\u001b[K";

    private final boolean visible;
    private final PrintStream terminal =
            new PrintStream(new FileOutputStream(FileDescriptor.err), false, StandardCharsets.UTF_8);
    private long last;
    private boolean dirty;

    private ProgressLine(boolean visible) {
        this.visible = visible;
    }

    static ProgressLine onStandardError() {
        return new ProgressLine(Terminal.isTerminal(Terminal.Stream.ERROR));
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
        terminal.print(ERASE + progress.task() + share);
        terminal.flush();
    }

    /** Erases the line. Idempotent. */
    @Override
    public synchronized void close() {
        if (dirty) {
            terminal.print(ERASE);
            terminal.flush();
            dirty = false;
        }
    }
}
