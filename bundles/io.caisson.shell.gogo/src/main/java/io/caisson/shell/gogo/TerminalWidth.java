package io.caisson.shell.gogo;

import io.caisson.host.linux.ffm.Terminal;

/** How wide tables may be. */
final class TerminalWidth {
    private TerminalWidth() {}

    /** The terminal's columns; without a terminal as many as anything needs. */
    static int columns() {
        return Terminal.size(Terminal.Stream.OUTPUT)
                .map(Terminal.Size::columns)
                .filter(columns -> columns > 0)
                .orElse(Integer.MAX_VALUE);
    }
}
