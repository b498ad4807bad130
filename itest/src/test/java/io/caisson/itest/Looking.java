package io.caisson.itest;

import java.time.Duration;
import java.util.concurrent.Callable;

/**
 * Waits for a state of other processes or of descriptors, of which Linux tells nobody when it comes: there is nothing for
 * it but to look into /proc again and again. In between the processor is left to what is looked at.
 */
final class Looking {
    private static final Duration PAUSE = Duration.ofMillis(1);

    private Looking() {}

    /** Looks until this is so, at most for the time given; returns whether it is. */
    static boolean until(Callable<Boolean> state, Duration patience) throws Exception {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!state.call()) {
            if (System.nanoTime() >= deadline) {
                return false;
            }
            Thread.sleep(PAUSE);
        }
        return true;
    }
}
