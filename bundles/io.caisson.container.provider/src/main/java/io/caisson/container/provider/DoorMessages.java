package io.caisson.container.provider;

import io.caisson.json.library.JsonException;
import io.caisson.json.library.JsonObject;
import io.caisson.json.library.JsonWriter;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** What is said at a container's door: a line of JSON each way. The README describes it. */
final class DoorMessages {
    static final String OPERATION = "op";
    static final String DESCRIBE = "describe";
    static final String ACCESS = "access";
    static final String CONNECT = "connect";
    static final String STOP = "stop";
    static final String PORT = "port";
    static final String GRACE = "graceMillis";
    static final String CONTAINER = "container";
    static final String DEFAULTS = "defaults";
    static final String AGENT = "agent";
    static final String SECRET = "secret";

    /** The longest request. */
    static final int LONGEST_REQUEST = 4 << 10;
    /** The longest answer: a container's command and environment are in it. */
    static final int LONGEST_ANSWER = 8 << 20;

    private static final String OK = "ok";
    private static final String KIND = "kind";
    private static final String MESSAGE = "message";

    private DoorMessages() {}

    static JsonWriter request(String operation) {
        return new JsonWriter().object().member(OPERATION, operation);
    }

    static JsonWriter success() {
        return new JsonWriter().object().member(OK, true);
    }

    static JsonWriter failure(CaissonException failure) {
        return new JsonWriter()
                .object()
                .member(OK, false)
                .member(KIND, failure.kind().name())
                .member(MESSAGE, failure.getMessage());
    }

    /** A message that was begun, ended and as a line. */
    static byte[] line(JsonWriter message) {
        byte[] json = message.end().bytes();
        byte[] line = Arrays.copyOf(json, json.length + 1);
        line[json.length] = '\n';
        return line;
    }

    /**
     * Reads a line, and not a byte beyond it.
     *
     * @throws IOException it is too long, does not end or is no JSON object
     */
    static JsonObject readLine(InputStream input, int longest) throws IOException {
        var line = new ByteArrayOutputStream();
        for (int b = input.read(); b != '\n'; b = input.read()) {
            if (b < 0) {
                throw new EOFException("the line has no end");
            }
            if (line.size() == longest) {
                throw new IOException("the line is longer than " + longest + " bytes");
            }
            line.write(b);
        }
        try {
            return JsonObject.read(line.toByteArray());
        } catch (JsonException e) {
            throw new IOException("the line is no JSON object: " + e.getMessage(), e);
        }
    }

    /** The answer, when it is one of success; throws the failure it reports otherwise. */
    static JsonObject checked(JsonObject answer) throws JsonException {
        if (answer.flag(OK)) {
            return answer;
        }
        ErrorKind kind;
        try {
            kind = ErrorKind.valueOf(answer.string(KIND).orElse(""));
        } catch (IllegalArgumentException e) {
            kind = ErrorKind.INTERNAL;
        }
        throw new CaissonException(kind, answer.string(MESSAGE).orElse("the container's owner gives no reason"));
    }
}
