package io.caisson.launcher;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Each of these is also asked to begin at this JVM's end. */
class EndingTest {
    private final Ending ending = Ending.watch();

    @AfterEach
    void letTheJvmEnd() {
        ending.mainIsDone();
    }

    @Test
    void interruptsTheMainThreadAndWaitsForIt() throws Exception {
        Thread hook = Thread.ofVirtual().start(ending::begin);
        assertThrows(InterruptedException.class, () -> new CountDownLatch(1).await());
        assertTrue(ending.hasBegun());
        assertTrue(hook.isAlive());
        ending.mainIsDone();
        hook.join();
    }

    @Test
    void whoIsDoneIsNotInterruptedAnyMore() {
        ending.mainIsDone();
        ending.begin();
        assertFalse(Thread.interrupted());
        assertTrue(ending.hasBegun());
    }
}
