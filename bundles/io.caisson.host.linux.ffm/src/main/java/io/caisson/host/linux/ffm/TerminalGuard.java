package io.caisson.host.linux.ffm;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A shell that puts a terminal's settings back when this process dies. Its standard input is a socket whose other end
 * this process alone holds; when that closes before a line saying {@code restored} has come, it runs stty(1). It has a
 * session of its own, so that neither Ctrl-C nor a signal to this process's group reaches it.
 */
final class TerminalGuard {
    private static final Path SHELL = Path.of("/bin/sh");
    private static final String RESTORED = "restored";
    private static final String SCRIPT = "read -r line; [ \"$line\" = " + RESTORED + " ] || stty \"$0\" <&3";
    private static final int TERMINAL = 3;
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private final ChildProcess shell;
    private final UnixSocket alive;

    private TerminalGuard(ChildProcess shell, UnixSocket alive) {
        this.shell = shell;
        this.alive = alive;
    }

    /**
     * Starts it.
     *
     * @param terminal number of a descriptor of this process
     * @param settings for stty(1)
     */
    static TerminalGuard start(int terminal, String settings) throws IOException {
        UnixSocket.Pair pair = UnixSocket.pair("that guards the terminal");
        try (Descriptor itsEnd = pair.second().release();
                Descriptor itsTerminal = new Descriptor(
                        FileCalls.fcntl(terminal, FileCalls.F_DUPFD_CLOEXEC, 0), "terminal of the guard")) {
            ChildProcess shell = ChildProcess.builder(SHELL)
                    .arguments("-c", SCRIPT, settings)
                    .input(ChildStream.of(itsEnd))
                    .inherit(itsTerminal, TERMINAL)
                    .newSession()
                    .start();
            return new TerminalGuard(shell, pair.first());
        } catch (IOException e) {
            pair.close();
            throw e;
        }
    }

    /** Ends it without anything being done, and waits for that a little. */
    void dismiss() {
        try {
            alive.output().write((RESTORED + "\n").getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            // it is gone already, or will put back what is there
        }
        act();
    }

    /** Lets it do its work, and waits for that a little. */
    void act() {
        alive.close();
        try {
            shell.awaitExit(PATIENCE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
