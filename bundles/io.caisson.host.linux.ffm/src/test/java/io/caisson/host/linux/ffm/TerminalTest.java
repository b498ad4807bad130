package io.caisson.host.linux.ffm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TerminalTest {
    private static final Terminal.Size SIZE = new Terminal.Size(33, 111);

    /** The settings of a terminal as stty(1) tells them. */
    private static String settings(PseudoTerminal terminal) throws Exception {
        try (UnixSocket.Pair pair = UnixSocket.pair("stty")) {
            ChildProcess stty;
            try (Descriptor end = pair.second().release()) {
                stty = ChildProcess.builder(Path.of("/usr/bin/stty"))
                        .arguments("-g")
                        .input(ChildStream.of(terminal.terminal()))
                        .output(ChildStream.of(end))
                        .start();
            }
            try (stty) {
                String text = new String(pair.first().input().readAllBytes(), UTF_8);
                assertEquals(new ProcessExit.Exited(0), stty.awaitExit());
                return text.strip();
            }
        }
    }

    private static String line(InputStream input) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = input.read(); c >= 0 && c != '\n'; c = input.read()) {
            line.append((char) c);
        }
        return line.toString();
    }

    /** Runs {@link Raw} at a terminal; its standard output is the socket. */
    private static ChildProcess raw(PseudoTerminal terminal, UnixSocket.Pair pair) throws IOException {
        try (Descriptor end = pair.second().release()) {
            return TestJvm.builder(Raw.class)
                    .input(ChildStream.of(terminal.terminal()))
                    .output(ChildStream.of(end))
                    .start();
        }
    }

    /** Enters raw mode, and leaves it when a byte is typed. */
    static final class Raw {
        private Raw() {}

        public static void main(String[] arguments) throws Exception {
            System.out.println(Terminal.isTerminal(Terminal.Stream.INPUT) + " "
                    + Terminal.isTerminal(Terminal.Stream.OUTPUT) + " " + Terminal.size(Terminal.Stream.INPUT));
            Terminal.RawMode mode = Terminal.enterRawMode(Terminal.Stream.INPUT);
            System.out.println("raw " + System.in.read());
            mode.close();
            System.out.println("restored");
            Thread.sleep(Duration.ofDays(1));
        }
    }

    @Test
    void rawModeTakesEveryByteAndIsLeftExactlyAsItWasFound() throws Exception {
        try (PseudoTerminal terminal = PseudoTerminal.open(SIZE);
                UnixSocket.Pair pair = UnixSocket.pair("output")) {
            String before = settings(terminal);
            try (ChildProcess program = raw(terminal, pair)) {
                InputStream output = pair.first().input();
                assertEquals("true false Optional[" + SIZE + "]", line(output));
                awaitRaw(terminal, before);
                // Ctrl-C, which otherwise would kill, and no newline, without which nothing would arrive
                terminal.output().write(3);
                assertEquals("raw 3", line(output));
                assertEquals("restored", line(output));
                assertEquals(before, settings(terminal));
                assertTrue(program.exit().isEmpty());
            }
        }
    }

    @Test
    void settingsComeBackWhenTheProgramIsKilled() throws Exception {
        try (PseudoTerminal terminal = PseudoTerminal.open(SIZE);
                UnixSocket.Pair pair = UnixSocket.pair("output")) {
            String before = settings(terminal);
            try (ChildProcess program = raw(terminal, pair)) {
                line(pair.first().input());
                awaitRaw(terminal, before);
                program.kill(ProcessSignal.KILL);
                program.awaitExit();
            }
            // the guard holds the terminal until it has done its work: then the controller sees the end
            String after = settings(terminal);
            while (!after.equals(before)) {
                Thread.onSpinWait();
                after = settings(terminal);
            }
            terminal.closeTerminal();
            assertEquals(0, terminal.input().readAllBytes().length);
        }
    }

    private static void awaitRaw(PseudoTerminal terminal, String before) throws Exception {
        while (settings(terminal).equals(before)) {
            Thread.onSpinWait();
        }
    }

    /** Has a reader interrupted, then another that reads to the end. */
    static final class Typed {
        private Typed() {}

        public static void main(String[] arguments) throws Exception {
            try (InputStream typed = Terminal.input()) {
                var outcome = new CompletableFuture<String>();
                Thread reader = Thread.ofPlatform().start(() -> {
                    try {
                        outcome.complete("read " + typed.read());
                    } catch (IOException e) {
                        outcome.complete(e.getClass().getSimpleName());
                    }
                });
                while (reader.getState() != Thread.State.WAITING) {
                    Thread.onSpinWait();
                }
                reader.interrupt();
                System.out.println(outcome.get());
                System.out.println(new String(typed.readAllBytes(), UTF_8).replace("\n", "|"));
            }
        }
    }

    @Test
    void aReaderOfWhatIsTypedCanBeInterruptedAndStealsNothing() throws Exception {
        try (PseudoTerminal terminal = PseudoTerminal.open(SIZE);
                UnixSocket.Pair pair = UnixSocket.pair("output");
                ChildProcess program = typed(terminal, pair)) {
            InputStream output = pair.first().input();
            assertEquals("InterruptedIOException", line(output));
            terminal.output().write("one\ntwo\n".getBytes(UTF_8));
            // the end of input: Ctrl-D at the beginning of a line
            terminal.output().write(4);
            assertEquals("one|two|", line(output));
            assertEquals(new ProcessExit.Exited(0), program.awaitExit());
        }
    }

    private static ChildProcess typed(PseudoTerminal terminal, UnixSocket.Pair pair) throws IOException {
        try (Descriptor end = pair.second().release()) {
            return TestJvm.builder(Typed.class)
                    .input(ChildStream.of(terminal.terminal()))
                    .output(ChildStream.of(end))
                    .start();
        }
    }

    @Test
    void aSocketIsNoTerminal() throws Exception {
        try (PseudoTerminal terminal = PseudoTerminal.open(SIZE);
                Memfd file = Memfd.create("none", 1)) {
            int fd = terminal.terminal().acquire();
            assertEquals(SIZE, TerminalCalls.size(fd).orElseThrow());
            terminal.resize(new Terminal.Size(1, 2));
            assertEquals(new Terminal.Size(1, 2), TerminalCalls.size(fd).orElseThrow());
            assertNotEquals(SIZE, TerminalCalls.size(fd).orElseThrow());
            terminal.terminal().release();
            int none = file.descriptor().acquire();
            assertFalse(TerminalCalls.size(none).isPresent());
            file.descriptor().release();
        }
    }
}
