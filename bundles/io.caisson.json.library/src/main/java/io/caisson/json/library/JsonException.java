package io.caisson.json.library;

import java.io.IOException;

/** A text that is not JSON, or JSON that is not what its reader expects; the message says where. */
public final class JsonException extends IOException {
    private static final long serialVersionUID = 1L;

    /**
     * A failure.
     *
     * @param message what is wrong and where
     */
    public JsonException(String message) {
        super(message);
    }
}
