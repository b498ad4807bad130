package io.caisson.vm.qemu.provider;

import io.caisson.json.library.JsonException;
import io.caisson.json.library.JsonObject;
import io.caisson.json.library.JsonWriter;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One conversation over QEMU's machine protocol: docs/interop/qmp-spec.rst of QEMU 7.2. Speaks and listens, and knows
 * nothing of sockets: {@link #received} is fed what arrives, by one thread; every other method is for any thread.
 *
 * <p>The guest may have taken QEMU over, so nothing that arrives is trusted: a line that is too long, is no JSON object
 * or fits none of the protocol's forms ends the conversation.
 */
final class QmpSession {
    /** No message of the commands and events used here comes near it. */
    static final int LONGEST_LINE = 64 << 10;

    private static final String NEGOTIATION = "negotiation";

    private final Output output;
    private final Object lock = new Object();
    private final Map<String, CompletableFuture<JsonObject>> pending = new HashMap<>();
    private final CompletableFuture<Void> ready = new CompletableFuture<>();
    private byte[] line = new byte[1024];
    private int length;
    private int commands;
    private @Nullable IOException over;
    private boolean greeted;
    private volatile @Nullable Shutdown shutdown;
    private volatile boolean panicked;

    /** Takes what is to be sent to QEMU. */
    @FunctionalInterface
    interface Output {
        /** Sends all of it. */
        void send(byte[] message) throws IOException;
    }

    /**
     * The event {@code SHUTDOWN}, qapi/run-state.json.
     *
     * @param byGuest whether the guest asked for it
     * @param reason a {@code ShutdownCause}, such as {@code guest-reset} or {@code host-signal}
     */
    record Shutdown(boolean byGuest, String reason) {}

    QmpSession(Output output) {
        this.output = output;
    }

    /** Why QEMU said it is about to end; empty while it has not. */
    Optional<Shutdown> shutdown() {
        return Optional.ofNullable(shutdown);
    }

    /** Whether QEMU said that the guest's kernel panicked. */
    boolean panicked() {
        return panicked;
    }

    /**
     * Sends a command without arguments; the result is what QEMU returns, an empty object for most. It fails with
     * {@link IOException}: {@link QmpFailure} when QEMU refuses, otherwise because the conversation is over.
     */
    CompletableFuture<JsonObject> execute(String command) {
        return ready.thenCompose(negotiated -> send(command));
    }

    /**
     * Takes the next bytes from QEMU.
     *
     * @throws IOException they are not the protocol, or the answer cannot be sent; {@link #end} is to follow
     */
    void received(byte[] bytes, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            byte b = bytes[i];
            if (b == '\n') {
                int end = length > 0 && line[length - 1] == '\r' ? length - 1 : length;
                length = 0;
                if (end > 0) {
                    message(JsonObject.read(Arrays.copyOf(line, end)));
                }
                continue;
            }
            if (length == line.length) {
                if (length == LONGEST_LINE) {
                    throw new IOException("QEMU's monitor sent a line of more than " + LONGEST_LINE + " bytes");
                }
                line = Arrays.copyOf(line, Math.min(2 * length, LONGEST_LINE));
            }
            line[length++] = b;
        }
    }

    /** No more will come: every command that waits for its answer, and every later one, fails with this reason. */
    void end(IOException reason) {
        Map<String, CompletableFuture<JsonObject>> unanswered;
        synchronized (lock) {
            over = reason;
            unanswered = Map.copyOf(pending);
            pending.clear();
        }
        ready.completeExceptionally(reason);
        unanswered.values().forEach(command -> command.completeExceptionally(reason));
    }

    private CompletableFuture<JsonObject> send(String command) {
        var answer = new CompletableFuture<JsonObject>();
        String id;
        synchronized (lock) {
            if (over != null) {
                return CompletableFuture.failedFuture(over);
            }
            id = "c" + commands++;
            pending.put(id, answer);
        }
        try {
            sendCommand(command, id);
        } catch (IOException e) {
            synchronized (lock) {
                pending.remove(id);
            }
            answer.completeExceptionally(e);
        }
        return answer;
    }

    private void sendCommand(String command, String id) throws IOException {
        output.send(new JsonWriter()
                .object()
                .member("execute", command)
                .member("id", id)
                .end()
                .bytes());
    }

    private void message(JsonObject message) throws IOException {
        if (!greeted) {
            if (!message.has("QMP")) {
                throw new JsonException("QEMU's monitor did not greet");
            }
            greeted = true;
            sendCommand("qmp_capabilities", NEGOTIATION);
        } else if (message.has("event")) {
            event(message.requiredString("event"), message);
        } else if (message.has("error")) {
            JsonObject error = message.requiredObject("error");
            answer(message, null, new QmpFailure(error.requiredString("class"), error.requiredString("desc")));
        } else if (message.has("return")) {
            answer(message, message.requiredObject("return"), null);
        } else {
            throw new JsonException("QEMU's monitor sent neither event nor answer");
        }
    }

    private void event(String name, JsonObject message) throws JsonException {
        switch (name) {
            case "SHUTDOWN" -> {
                JsonObject data = message.requiredObject("data");
                shutdown =
                        new Shutdown(data.flag("guest"), data.string("reason").orElse("unknown"));
            }
            case "GUEST_PANICKED" -> panicked = true;
            default -> {
                // The others (STOP, RESUME, RESET, NIC_RX_FILTER_CHANGED …) have no one here to tell.
            }
        }
    }

    private void answer(JsonObject message, @Nullable JsonObject value, @Nullable QmpFailure failure)
            throws IOException {
        String id = message.string("id").orElse("");
        if (id.equals(NEGOTIATION)) {
            if (failure != null) {
                throw failure;
            }
            ready.complete(null);
            return;
        }
        CompletableFuture<JsonObject> command;
        synchronized (lock) {
            command = pending.remove(id);
        }
        if (command == null) {
            throw new JsonException("QEMU's monitor answered a command nobody gave");
        }
        if (failure != null) {
            command.completeExceptionally(failure);
        } else if (value != null) {
            command.complete(value);
        }
    }

    /** QEMU refused a command. */
    static final class QmpFailure extends IOException {
        private static final long serialVersionUID = 1L;

        QmpFailure(String errorClass, String description) {
            super("QEMU's monitor refused: " + description + " (" + errorClass + ")");
        }
    }
}
