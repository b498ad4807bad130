package io.caisson.shell.library;

import io.caisson.service.api.ProgressListener;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.function.IntSupplier;

/**
 * One line on standard error that says how far long work has come, and vanishes when it is done. Says nothing when that
 * is no terminal. Safe for use by several threads.
 */
public final class ProgressLine implements ProgressListener, AutoCloseable {
    /** The columns of what is no terminal. */
    public static final int NO_TERMINAL = -1;

    private static final long PERIOD_NANOS = 100_000_000;
    private static final String ERASE = "\r\u001b[K";

    /** What a terminal is taken to have that does not know. */
    private static final int USUAL_COLUMNS = 80;

    private final IntSupplier columns;
    private final PrintStream out;
    private long last;
    private boolean dirty;

    /**
     * A line.
     *
     * @param columns tells how many columns standard error has now; 0 when it does not know, {@link #NO_TERMINAL} when
     *     it is no terminal
     */
    public ProgressLine(IntSupplier columns) {
        this(columns, new PrintStream(new FileOutputStream(FileDescriptor.err), false, StandardCharsets.UTF_8));
    }

    ProgressLine(IntSupplier columns, PrintStream out) {
        this.columns = columns;
        this.out = out;
    }

    @Override
    public synchronized void progressed(Progress progress) {
        long now = System.nanoTime();
        if (dirty && now - last < PERIOD_NANOS) {
            return;
        }
        int width = columns.getAsInt();
        if (width == NO_TERMINAL) {
            return;
        }
        last = now;
        dirty = true;
        String share = progress.total() > 0 ? " " + 100 * progress.done() / progress.total() + " %" : "";
        // The last column stays free: some terminals begin the next line as soon as it is filled.
        int room = (width == 0 ? USUAL_COLUMNS : width) - 1 - share.length();
        out.print(ERASE + cut(Printable.of(progress.task()), room) + share);
        out.flush();
    }

    private static String cut(String text, int room) {
        if (text.length() <= room) {
            return text;
        }
        return room < 1 ? "" : text.substring(0, room - 1) + "…";
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
