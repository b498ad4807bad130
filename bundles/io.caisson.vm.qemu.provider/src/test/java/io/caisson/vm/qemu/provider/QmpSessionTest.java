package io.caisson.vm.qemu.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.json.library.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class QmpSessionTest {
    /** From QEMU 7.2.22. */
    private static final String GREETING =
            "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7},"
                    + " \"package\": \"Debian 1:7.2+dfsg-7+deb12u18\"}, \"capabilities\": [\"oob\"]}}\r\n";

    private static final String NEGOTIATED = "{\"return\": {}, \"id\": \"negotiation\"}\r\n";

    private final List<String> sent = new ArrayList<>();
    private final QmpSession session = new QmpSession(message -> sent.add(new String(message, StandardCharsets.UTF_8)));

    private void receive(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        session.received(bytes, bytes.length);
    }

    private void negotiate() throws IOException {
        receive(GREETING);
        receive(NEGOTIATED);
        sent.clear();
    }

    private static @Nullable Throwable failureOf(CompletableFuture<JsonObject> command) {
        return assertThrows(ExecutionException.class, command::get).getCause();
    }

    @Test
    void answersTheGreetingWithNegotiation() throws Exception {
        receive(GREETING);
        assertEquals(List.of("{\"execute\":\"qmp_capabilities\",\"id\":\"negotiation\"}"), sent);
    }

    @Test
    void holdsCommandsBackUntilNegotiated() throws Exception {
        CompletableFuture<JsonObject> status = session.execute("query-status");
        receive(GREETING);
        assertEquals(1, sent.size());
        receive(NEGOTIATED);
        assertEquals("{\"execute\":\"query-status\",\"id\":\"c0\"}", sent.getLast());
        assertFalse(status.isDone());
        receive(
                "{\"return\": {\"status\": \"running\", \"singlestep\": false, \"running\": true}, \"id\": \"c0\"}\r\n");
        assertEquals("running", status.get().requiredString("status"));
    }

    @Test
    void matchesAnswersToCommandsInAnyOrder() throws Exception {
        negotiate();
        CompletableFuture<JsonObject> first = session.execute("stop");
        CompletableFuture<JsonObject> second = session.execute("no-such");
        receive("{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"The command no-such has not been found\"},"
                + " \"id\": \"c1\"}\r\n{\"return\": {}, \"id\": \"c0\"}\r\n");
        assertTrue(first.isDone());
        var refusal = assertInstanceOf(QmpSession.QmpFailure.class, failureOf(second));
        assertTrue(String.valueOf(refusal.getMessage()).contains("no-such has not been found"));
    }

    @Test
    void understandsMessagesThatComeInPieces() throws Exception {
        for (byte b : (GREETING + NEGOTIATED).getBytes(StandardCharsets.UTF_8)) {
            session.received(new byte[] {b}, 1);
        }
        CompletableFuture<JsonObject> stop = session.execute("stop");
        assertFalse(stop.isDone());
        assertEquals(2, sent.size());
    }

    @Test
    void remembersWhyQemuEnds() throws Exception {
        negotiate();
        assertEquals(Optional.empty(), session.shutdown());
        receive("{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"RESUME\"}\r\n"
                + "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"SHUTDOWN\","
                + " \"data\": {\"guest\": true, \"reason\": \"guest-reset\"}}\r\n");
        assertEquals(Optional.of(new QmpSession.Shutdown(true, "guest-reset")), session.shutdown());
        assertFalse(session.panicked());
        receive("{\"event\": \"GUEST_PANICKED\", \"data\": {\"action\": \"pause\"}}\r\n");
        assertTrue(session.panicked());
    }

    @Test
    void failsEveryCommandWhenTheConversationEnds() throws Exception {
        CompletableFuture<JsonObject> early = session.execute("query-status");
        var reason = new IOException("gone");
        session.end(reason);
        assertEquals(reason, failureOf(early));

        var negotiated = new QmpSession(message -> {});
        byte[] bytes = (GREETING + NEGOTIATED).getBytes(StandardCharsets.UTF_8);
        negotiated.received(bytes, bytes.length);
        CompletableFuture<JsonObject> waiting = negotiated.execute("query-status");
        negotiated.end(reason);
        assertEquals(reason, failureOf(waiting));
        assertEquals(reason, failureOf(negotiated.execute("query-status")), "and every later one");
    }

    @Test
    void failsACommandThatCannotBeSent() throws Exception {
        var mute = new QmpSession(message -> {
            if (sent.size() == 1) {
                throw new IOException("broken pipe");
            }
            sent.add("");
        });
        byte[] bytes = (GREETING + NEGOTIATED).getBytes(StandardCharsets.UTF_8);
        mute.received(bytes, bytes.length);
        assertEquals("java.io.IOException: broken pipe", String.valueOf(failureOf(mute.execute("stop"))));
    }

    @Test
    void rejectsALineThatHasNoEnd() {
        byte[] endless = new byte[QmpSession.LONGEST_LINE];
        Arrays.fill(endless, (byte) ' ');
        assertThrows(IOException.class, () -> {
            session.received(endless, endless.length);
            session.received(endless, 1);
        });
    }

    @Test
    void rejectsWhatIsNotTheProtocol() {
        for (String hostile : List.of(
                "{}\n",
                "{\"event\": \"SHUTDOWN\"}\n",
                "hello\n",
                "[]\n",
                "{\"QMP\": {}}\n{}\n",
                "{\"QMP\": {}}\n{\"QMP\": {}}\n",
                "{\"QMP\": {}}\n{\"return\": {}}\n",
                "{\"QMP\": {}}\n{\"return\": 7, \"id\": \"negotiation\"}\n",
                "{\"QMP\": {}}\n{\"return\": {}, \"id\": \"c0\"}\n",
                "{\"QMP\": {}}\n{\"return\": {}, \"id\": 5}\n",
                "{\"QMP\": {}}\n{\"error\": {}, \"id\": \"negotiation\"}\n",
                "{\"QMP\": {}}\n{\"error\": {\"class\": \"x\", \"desc\": \"y\"}, \"id\": \"negotiation\"}\n",
                "{\"QMP\": {}}\n{\"event\": 1}\n",
                "{\"QMP\": {}}\n{\"event\": \"SHUTDOWN\"}\n",
                "{\"QMP\": {}}\n{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": \"yes\"}}\n",
                "{\"QMP\": {}}\n\0\n")) {
            byte[] bytes = hostile.getBytes(StandardCharsets.UTF_8);
            var fresh = new QmpSession(message -> {});
            assertThrows(IOException.class, () -> fresh.received(bytes, bytes.length), hostile);
        }
    }
}
