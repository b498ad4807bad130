package io.caisson.shell.library;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SignalsTest {
    private final BlockingQueue<String> received = new LinkedBlockingQueue<>();

    /** SIGWINCH and SIGTERM, which hardly anybody starts a JVM with ignored; under nohup SIGHUP is. */
    private void send(Signals.Kind kind) throws Exception {
        String self = Long.toString(ProcessHandle.current().pid());
        assertEquals(
                0,
                new ProcessBuilder("kill", "-" + kind, self).inheritIO().start().waitFor());
    }

    private String next() throws InterruptedException {
        return received.poll(30, TimeUnit.SECONDS);
    }

    @Test
    void theInnermostHandlerGetsASignalAndGivesItBackWhenClosed() throws Exception {
        try (var _ = Signals.handle(kind -> received.add("outer " + kind), Signals.Kind.WINCH, Signals.Kind.TERM)) {
            try (var _ = Signals.handle(kind -> received.add("inner " + kind), Signals.Kind.WINCH)) {
                send(Signals.Kind.WINCH);
                assertEquals("inner WINCH", next());
                send(Signals.Kind.TERM);
                assertEquals("outer TERM", next());
            }
            send(Signals.Kind.WINCH);
            assertEquals("outer WINCH", next());
        }
        // By default SIGWINCH is ignored.
        send(Signals.Kind.WINCH);
        try (var _ = Signals.handle(kind -> received.add("next " + kind), Signals.Kind.TERM)) {
            send(Signals.Kind.TERM);
            assertEquals("next TERM", next());
        }
        assertNull(received.poll());
    }
}
