package io.caisson.shell.library;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.caisson.service.api.ProgressListener.Progress;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressLineTest {
    private static final String ERASE = "\r\u001b[K";

    private static String shown(int columns, Progress progress) {
        var bytes = new ByteArrayOutputStream();
        try (var line = new ProgressLine(() -> columns, new PrintStream(bytes, false, StandardCharsets.UTF_8))) {
            line.progressed(progress);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @CsvSource({
        "80,building the root file system of busybox:latest 42 %",
        "30,building the root file … 42 %",
        "7,… 42 %",
        "3,' 42 %'",
        "0,building the root file system of busybox:latest 42 %"
    })
    void fitsIntoTheTerminalAndVanishes(int columns, String text) {
        assertEquals(
                ERASE + text + ERASE,
                shown(columns, new Progress("building the root file system of busybox:latest", 42, 100)));
    }

    @Test
    void isNoWiderThanATerminalThatDoesNotKnowItsWidthUsuallyIs() {
        assertEquals(ERASE + "x".repeat(78) + "…" + ERASE, shown(0, new Progress("x".repeat(200), 0, -1)));
    }

    @Test
    void steersNoTerminal() {
        assertEquals(ERASE + "loading  [2J" + ERASE, shown(80, new Progress("loading \u001b[2J", 0, -1)));
    }

    @Test
    void saysNothingWhereThereIsNoTerminal() {
        assertEquals("", shown(ProgressLine.NO_TERMINAL, new Progress("loading", 1, 2)));
    }
}
