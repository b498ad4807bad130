package io.caisson.shell.library;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PartialFailureTest {
    private final List<String> tried = new ArrayList<>();

    private List<String> step(String operand) {
        tried.add(operand);
        if (operand.startsWith("no")) {
            throw new CaissonException(ErrorKind.NOT_FOUND, "no " + operand);
        }
        return List.of(operand, operand + "'");
    }

    @Test
    void triesEveryOperandAndTellsWhatWasDoneAndWhatFailed() {
        PartialFailure failure = assertThrows(
                PartialFailure.class, () -> PartialFailure.orEach(List.of("a", "north", "b", "nowhere"), this::step));
        assertEquals(List.of("a", "north", "b", "nowhere"), tried);
        assertEquals("a\na'\nb\nb'", failure.done());
        assertEquals(
                List.of("no north", "no nowhere"),
                failure.failures().stream().map(Throwable::getMessage).toList());
        assertEquals("a\na'\nb\nb'\nno north\nno nowhere", failure.getMessage());
    }

    @Test
    void returnsAllLinesWhenNothingFails() {
        assertEquals("a\na'\nb\nb'", PartialFailure.orEach(List.of("a", "b"), this::step));
    }

    @Test
    void theFailureOfTheOnlyOperandIsTheCommands() {
        assertEquals(
                ErrorKind.NOT_FOUND,
                assertThrows(CaissonException.class, () -> PartialFailure.orEach(List.of("none"), this::step))
                        .kind());
    }

    @Test
    void doesNotGoOnWhenInterrupted() {
        var interruption = new CaissonException(ErrorKind.UNAVAILABLE, "the channel is closed");
        try {
            assertSame(
                    interruption,
                    assertThrows(
                            CaissonException.class,
                            () -> PartialFailure.orEach(List.of("a", "b"), operand -> {
                                tried.add(operand);
                                Thread.currentThread().interrupt();
                                throw interruption;
                            })));
        } finally {
            assertTrue(Thread.interrupted());
        }
        assertEquals(List.of("a"), tried);
    }
}
