package io.caisson.image.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import org.junit.jupiter.api.function.Executable;

/** What tests ask of a failure. */
public final class Failures {
    /** A message is a line somebody reads, whatever an image says. */
    private static final int LONGEST = 1000;

    private Failures() {}

    /**
     * Fails unless the action does, with this kind and a message of reasonable length that names these parts.
     *
     * @return the failure
     */
    public static CaissonException assertFails(ErrorKind kind, Executable action, Object... parts) {
        CaissonException e = assertThrows(CaissonException.class, action);
        assertEquals(kind, e.kind(), e.getMessage());
        for (Object part : parts) {
            assertTrue(e.getMessage().contains(part.toString()), () -> part + " in: " + e.getMessage());
        }
        assertTrue(e.getMessage().length() < LONGEST, e.getMessage());
        return e;
    }
}
