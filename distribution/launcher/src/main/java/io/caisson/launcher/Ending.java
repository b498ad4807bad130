package io.caisson.launcher;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.osgi.framework.BundleException;

/**
 * What a signal does that no command handles, because none has begun yet or it is over: the main thread is interrupted,
 * undoes what it has begun, and the JVM waits for that before it ends with the signal's exit status.
 */
final class Ending {
    private static final long PATIENCE_SECONDS = 30;

    private final Thread main;
    private final CountDownLatch mainDone = new CountDownLatch(1);
    // Guarded by this.
    private boolean begun;
    private boolean whole;

    private Ending(Thread main) {
        this.main = main;
    }

    /** Begins to watch for the JVM's end on behalf of the calling thread, the main one. */
    static Ending watch() {
        var ending = new Ending(Thread.currentThread());
        Runtime.getRuntime().addShutdownHook(new Thread(ending::begin, "caisson-shutdown"));
        return ending;
    }

    void begin() {
        synchronized (this) {
            begun = true;
            // Who is done ends the JVM, and on the way may write its start-up cache, which an interrupt breaks.
            if (!whole && mainDone.getCount() > 0) {
                main.interrupt();
            }
        }
        try {
            // Unbounded waits are the main thread's to avoid; this bound is for what it cannot help.
            boolean unused = mainDone.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether the JVM ends: nothing needs to be reported any more, and nothing but the signal says how it ends. */
    synchronized boolean hasBegun() {
        return begun;
    }

    /** The main thread has undone what it had begun. */
    void mainIsDone() {
        mainDone.countDown();
    }

    /** A step of the start. */
    @FunctionalInterface
    interface Step<T> {
        T run() throws IOException, BundleException, LaunchException, InterruptedException;
    }

    /**
     * Runs a step that takes a moment and that an interrupt would break half-way: it comes after the step.
     *
     * @throws InterruptedException the JVM ends
     */
    <T> T whole(Step<T> step) throws IOException, BundleException, LaunchException, InterruptedException {
        synchronized (this) {
            if (begun) {
                throw new InterruptedException("the JVM ends");
            }
            whole = true;
        }
        try {
            return step.run();
        } finally {
            synchronized (this) {
                whole = false;
                if (begun) {
                    main.interrupt();
                }
            }
        }
    }
}
