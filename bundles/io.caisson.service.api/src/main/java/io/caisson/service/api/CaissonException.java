package io.caisson.service.api;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The failure every Caisson service throws. The message is one line for a person: what was tried, on which object, why
 * it failed and, where known, what to do. It never repeats its cause's message and never shows a secret.
 */
public final class CaissonException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorKind kind;
    private final transient Map<String, String> context;

    /** A failure that has no other failure behind it. */
    public CaissonException(ErrorKind kind, String message) {
        this(kind, message, null);
    }

    /** A failure caused by another. */
    public CaissonException(ErrorKind kind, String message, @Nullable Throwable cause) {
        this(kind, message, cause, Map.of());
    }

    private CaissonException(ErrorKind kind, String message, @Nullable Throwable cause, Map<String, String> context) {
        super(Objects.requireNonNull(message, "message"), cause);
        this.kind = Objects.requireNonNull(kind, "kind");
        this.context = context;
    }

    /** The same failure with one more detail ({@code container}, {@code vm}, {@code provider}, {@code log} …). */
    public CaissonException with(String key, String value) {
        var extended = new LinkedHashMap<>(context);
        extended.put(key, value);
        var copy = new CaissonException(kind, getMessage(), getCause(), Map.copyOf(extended));
        copy.setStackTrace(getStackTrace());
        for (Throwable suppressed : getSuppressed()) {
            copy.addSuppressed(suppressed);
        }
        return copy;
    }

    /** What sort of failure this is. */
    public ErrorKind kind() {
        return kind;
    }

    /** Details by key. */
    public Map<String, String> context() {
        return context;
    }

    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }

    /** Its message alone, with who speaks in front: shells show a failure by this, which no class needs to be named for. */
    @Override
    public String toString() {
        return "caisson: " + getMessage();
    }
}
