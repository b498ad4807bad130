package io.caisson.host.linux.ffm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class DescriptorTest {
    @Test
    void refusesUseAfterItsEnd() throws IOException {
        Memfd file = Memfd.create("ended", 1);
        Descriptor descriptor = file.descriptor();
        assertFalse(descriptor.isClosed());
        file.close();
        file.close();
        assertTrue(descriptor.isClosed());
        ClosedDescriptorException refused = assertThrows(ClosedDescriptorException.class, descriptor::duplicate);
        assertEquals("memory file ended is closed", refused.getMessage());
        assertThrows(ClosedDescriptorException.class, descriptor::size);
        assertThrows(ClosedDescriptorException.class, descriptor::seals);
    }

    @Test
    void aDuplicateIsTheSameFileAndClosesApart() throws IOException {
        try (Memfd file = Memfd.create("doubled", 1)) {
            try (Descriptor second = file.descriptor().duplicate()) {
                file.resize(2);
                assertEquals(2, second.size());
                assertNotEquals(second, file.descriptor());
            }
            assertEquals(2, file.size());
        }
    }

    @Test
    void aFileThatIsNotInMemoryHasNoSeals() throws IOException {
        try (EventFd event = EventFd.create("unsealed")) {
            assertEquals(Set.of(), event.descriptor().seals());
        }
    }

    @Test
    void theNumberIsKeptWhileACallIsUnderWay() throws IOException {
        EventFd event = EventFd.create("held");
        int number = event.descriptor().acquire();
        event.close();
        try (Memfd next = Memfd.create("next", 0)) {
            int other = next.descriptor().acquire();
            next.descriptor().release();
            assertNotEquals(number, other);
        }
        event.descriptor().release();
        assertThrows(ClosedDescriptorException.class, event::signal);
    }

    @Test
    void closingUnderUseNeverReachesAnotherFile() throws Exception {
        for (int i = 0; i < 2000; i++) {
            EventFd event = EventFd.create("raced");
            CyclicBarrier ready = new CyclicBarrier(2);
            Thread user = Thread.ofPlatform().start(() -> {
                try {
                    ready.await();
                    while (true) {
                        event.signal();
                    }
                } catch (ClosedDescriptorException closed) {
                    // what is expected
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            ready.await();
            event.close();
            // takes the number as soon as it is free; a stray write would make the file longer
            try (Memfd next = Memfd.create("next", 0)) {
                user.join();
                assertEquals(0, next.size());
            }
        }
    }

    @Test
    void signallingWaitingAndDrainingAllocateNothingOnceCompiled() throws IOException {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (EventFd event = EventFd.create("counted");
                Epoll epoll = Epoll.open("counted", 4)) {
            epoll.add(event.descriptor(), Interest.READ, 1);
            // until the optimising compiler has come; before that the linker copies a segment in each call
            long allocated = Long.MAX_VALUE;
            for (int attempt = 0; attempt < 500 && allocated > 20_000; attempt++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                assertEquals(20_000, signalAndDrain(event, epoll, 20_000));
                allocated = threads.getCurrentThreadAllocatedBytes() - before;
            }
            assertTrue(allocated <= 20_000, allocated + " bytes in 20000 rounds");
        }
    }

    private static long signalAndDrain(EventFd event, Epoll epoll, int rounds) throws IOException {
        long drained = 0;
        for (int i = 0; i < rounds; i++) {
            event.signal();
            if (epoll.await(0) == 1 && epoll.token(0) == 1 && event.drain()) {
                drained++;
            }
        }
        return drained;
    }
}
