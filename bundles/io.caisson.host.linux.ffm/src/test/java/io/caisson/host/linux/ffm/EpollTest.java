package io.caisson.host.linux.ffm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EpollTest {
    @Test
    void reportsWhatIsReadyUntilItIsNot() throws IOException {
        try (Epoll epoll = Epoll.open("test", 4);
                EventFd first = EventFd.create("first");
                EventFd second = EventFd.create("second")) {
            epoll.add(first.descriptor(), Interest.READ, 1);
            epoll.add(second.descriptor(), Interest.READ, -2);
            assertEquals(0, epoll.await(0));
            second.signal();
            for (int i = 0; i < 2; i++) {
                assertEquals(1, epoll.await(-1));
                assertEquals(-2, epoll.token(0));
                assertTrue(epoll.isReadable(0));
                assertFalse(epoll.isWritable(0));
                assertFalse(epoll.isHangUp(0));
            }
            assertTrue(second.drain());
            assertEquals(0, epoll.await(0));
            first.signal();
            second.signal();
            assertEquals(2, epoll.await(-1));
            epoll.remove(first.descriptor());
            assertEquals(1, epoll.await(-1));
            epoll.modify(second.descriptor(), Interest.WRITE, 3);
            assertEquals(1, epoll.await(-1));
            assertEquals(3, epoll.token(0));
            assertTrue(epoll.isWritable(0));
        }
    }

    @Test
    void oneShotAndEdgeAreReportedOnce() throws IOException {
        try (Epoll epoll = Epoll.open("test", 4);
                EventFd once = EventFd.create("once");
                EventFd edge = EventFd.create("edge")) {
            epoll.add(once.descriptor(), Interest.READ.oneShot(), 1);
            epoll.add(edge.descriptor(), Interest.READ.edgeTriggered(), 2);
            once.signal();
            edge.signal();
            assertEquals(2, epoll.await(-1));
            assertEquals(0, epoll.await(0));
            once.signal();
            edge.signal();
            assertEquals(1, epoll.await(-1));
            assertEquals(2, epoll.token(0));
            epoll.modify(once.descriptor(), Interest.READ.oneShot(), 1);
            assertEquals(1, epoll.await(-1));
            assertEquals(1, epoll.token(0));
        }
    }

    @Test
    void moreEventsThanFitComeNextTime() throws IOException {
        try (Epoll epoll = Epoll.open("test", 1);
                EventFd first = EventFd.create("first");
                EventFd second = EventFd.create("second")) {
            epoll.add(first.descriptor(), Interest.READ.edgeTriggered(), 1);
            epoll.add(second.descriptor(), Interest.READ.edgeTriggered(), 2);
            first.signal();
            second.signal();
            epoll.wakeup();
            int events = 0;
            while (events < 2) {
                events += epoll.await(-1);
            }
            assertEquals(0, epoll.await(0));
        }
    }

    @Test
    void tellsWhenTheOtherEndIsGone() throws IOException {
        try (Epoll epoll = Epoll.open("test", 4);
                UnixSocket.Pair pair = UnixSocket.pair("test")) {
            epoll.add(pair.first().descriptor(), Interest.NONE, 1);
            assertEquals(0, epoll.await(0));
            pair.second().close();
            assertEquals(1, epoll.await(-1));
            assertTrue(epoll.isHangUp(0));
        }
    }

    @Test
    void refusesDescriptorsWatchedTwiceOrNotAtAll() throws IOException {
        try (Epoll epoll = Epoll.open("test", 4);
                EventFd event = EventFd.create("event")) {
            epoll.add(event.descriptor(), Interest.READ, 1);
            assertEquals(
                    "EEXIST",
                    assertThrows(SystemCallException.class, () -> epoll.add(event.descriptor(), Interest.READ, 1))
                            .symbol());
            epoll.remove(event.descriptor());
            assertEquals(
                    "ENOENT",
                    assertThrows(SystemCallException.class, () -> epoll.remove(event.descriptor()))
                            .symbol());
            assertThrows(
                    IllegalArgumentException.class,
                    () -> epoll.add(event.descriptor(), Interest.READ, Epoll.RESERVED_TOKEN));
        }
    }

    @Test
    void aWakeUpEndsTheWaitOnce() throws Exception {
        try (Epoll epoll = Epoll.open("test", 4)) {
            Waiter waiter = new Waiter(epoll);
            waiter.blocked();
            epoll.wakeup();
            assertEquals(0, waiter.result.get());
            assertEquals(0, epoll.await(1));
            epoll.wakeup();
            assertEquals(0, epoll.await(-1), "a wake-up before the wait counts");
        }
    }

    @Test
    void closingEndsTheWait() throws Exception {
        Epoll epoll = Epoll.open("test", 4);
        Waiter waiter = new Waiter(epoll);
        waiter.blocked();
        epoll.close();
        epoll.close();
        ExecutionException ended = assertThrows(ExecutionException.class, waiter.result::get);
        assertInstanceOf(ClosedDescriptorException.class, ended.getCause());
        assertThrows(ClosedDescriptorException.class, () -> epoll.await(0));
        assertThrows(ClosedDescriptorException.class, epoll::wakeup);
    }

    @Test
    void closingAtAnyMomentEndsTheWait() throws Exception {
        for (int i = 0; i < 500; i++) {
            Epoll epoll = Epoll.open("test", 4);
            Waiter waiter = new Waiter(epoll);
            waiter.started.await();
            epoll.close();
            assertThrows(ExecutionException.class, waiter.result::get);
        }
    }

    @Test
    void aSignalDoesNotEndTheWait() throws Exception {
        CountDownLatch handled = new CountDownLatch(2);
        AutoCloseable handler = SignalHandling.handle("USR2", handled::countDown);
        try (handler;
                Epoll epoll = Epoll.open("test", 4)) {
            // what the C library itself returns to a thread that a signal reaches
            CompletableFuture<Integer> raw = new CompletableFuture<>();
            Waiter interrupted = new Waiter(() -> raw.complete(RawCalls.pollOnce()));
            interrupted.blocked();
            RawCalls.signal(interrupted.thread(), ProcessSignal.USR2.number());
            assertEquals(-1, raw.get());

            Waiter waiter = new Waiter(epoll);
            waiter.blocked();
            RawCalls.signal(waiter.thread(), ProcessSignal.USR2.number());
            handled.await();
            waiter.blocked();
            assertFalse(waiter.result.isDone());
            epoll.wakeup();
            assertEquals(0, waiter.result.get());
        }
    }

    /** A platform thread in a blocking call. */
    private static final class Waiter {
        private final CompletableFuture<Integer> result = new CompletableFuture<>();
        private final CompletableFuture<Integer> thread = new CompletableFuture<>();
        private final CountDownLatch started = new CountDownLatch(1);

        Waiter(Epoll epoll) {
            this(epoll, () -> {});
        }

        Waiter(Runnable call) {
            this(null, call);
        }

        private Waiter(@org.jspecify.annotations.Nullable Epoll epoll, Runnable call) {
            Thread.ofPlatform().daemon().start(() -> {
                try {
                    thread.complete(RawCalls.threadId());
                    started.countDown();
                    if (epoll == null) {
                        call.run();
                        result.complete(0);
                    } else {
                        result.complete(epoll.await(-1));
                    }
                } catch (IOException e) {
                    result.completeExceptionally(e);
                }
            });
        }

        int thread() throws Exception {
            return thread.get();
        }

        /** Waits until the thread sleeps in its system call. */
        void blocked() throws Exception {
            Path syscall = Path.of("/proc/self/task/" + thread() + "/syscall");
            String wanted = RawCalls.WAITING_CALLS;
            String number = Files.readString(syscall).split(" ", 2)[0];
            while (!wanted.contains(" " + number + " ")) {
                Thread.onSpinWait();
                number = Files.readString(syscall).split(" ", 2)[0];
            }
        }
    }
}
