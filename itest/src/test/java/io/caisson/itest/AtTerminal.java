package io.caisson.itest;

import io.caisson.host.linux.ffm.ChildProcess;
import io.caisson.host.linux.ffm.ChildProcessBuilder;
import io.caisson.host.linux.ffm.ChildStream;
import io.caisson.host.linux.ffm.Descriptor;
import io.caisson.host.linux.ffm.ProcessExit;
import io.caisson.host.linux.ffm.ProcessSignal;
import io.caisson.host.linux.ffm.PseudoTerminal;
import io.caisson.host.linux.ffm.Terminal;
import io.caisson.host.linux.ffm.UnixSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A command at a terminal of its own, as a person would have it. */
final class AtTerminal implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final Path SETSID = Path.of("/usr/bin/setsid");
    private static final Path STTY = Path.of("/usr/bin/stty");

    private final PseudoTerminal terminal;
    private final String settingsBefore;
    private final ChildProcess command;
    private final StringBuilder shown = new StringBuilder();
    /** How much of what was shown has been looked at. */
    private int seen;

    private AtTerminal(PseudoTerminal terminal, String settingsBefore, ChildProcess command) {
        this.terminal = terminal;
        this.settingsBefore = settingsBefore;
        this.command = command;
        Thread.ofVirtual().start(this::watch);
    }

    /** Starts a command with the terminal as its streams and its session's controlling terminal. */
    static AtTerminal start(Caisson caisson, Terminal.Size size, String... arguments) throws Exception {
        PseudoTerminal terminal = PseudoTerminal.open(size);
        try {
            String settings = settings(terminal);
            ChildProcessBuilder builder = ChildProcess.builder(SETSID)
                    .arguments("--ctty")
                    .arguments(caisson.command(arguments))
                    .input(ChildStream.of(terminal.terminal()))
                    .output(ChildStream.of(terminal.terminal()))
                    .error(ChildStream.of(terminal.terminal()))
                    .clearEnvironment();
            caisson.environment().forEach(builder::environment);
            return new AtTerminal(terminal, settings, builder.start());
        } catch (Exception | Error e) {
            terminal.close();
            throw e;
        }
    }

    private void watch() {
        byte[] buffer = new byte[4096];
        try {
            for (int count = terminal.input().read(buffer);
                    count >= 0;
                    count = terminal.input().read(buffer)) {
                show(new String(buffer, 0, count, StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            show("\n[the terminal was closed: " + e.getMessage() + "]");
        }
    }

    private synchronized void show(String text) {
        shown.append(text);
        notifyAll();
    }

    /** Waits until this text is shown, after what was waited for before; returns what came before it. */
    synchronized String await(String text) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        int at = shown.indexOf(text, seen);
        while (at < 0) {
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                throw new AssertionError("'" + text + "' is not shown:\n" + shown);
            }
            wait(left);
            at = shown.indexOf(text, seen);
        }
        String before = shown.substring(seen, at);
        seen = at + text.length();
        return before;
    }

    /** All that was shown. */
    synchronized String shown() {
        return shown.toString();
    }

    /** Types something. */
    void type(String text) throws IOException {
        terminal.output().write(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Makes the terminal another size. */
    void resize(Terminal.Size size) throws IOException {
        terminal.resize(size);
    }

    /** Hangs up. */
    void hangUp() {
        terminal.close();
    }

    long pid() {
        return command.pid();
    }

    ProcessHandle handle() {
        return ProcessHandle.of(command.pid()).orElseThrow();
    }

    void kill(ProcessSignal signal) throws IOException {
        command.kill(signal);
    }

    /** Waits for the command's end; returns its exit status, 128 + n after signal n. */
    int finish() throws InterruptedException {
        ProcessExit exit = command.awaitExit(PATIENCE).orElseThrow(() -> new AssertionError("still runs:\n" + shown()));
        return switch (exit) {
            case ProcessExit.Exited exited -> exited.status();
            case ProcessExit.Killed killed -> 128 + killed.signal();
        };
    }

    /** Whether the terminal's settings are what they were in the beginning. */
    boolean isAsBefore() throws Exception {
        return settings(terminal).equals(settingsBefore);
    }

    /** Whether keys mean nothing and are not shown. */
    boolean isRaw() throws Exception {
        List<String> words = List.of(stty("-a").split("[;\\s]+"));
        return words.containsAll(List.of("-icanon", "-echo", "-isig", "-icrnl", "-opost"));
    }

    private String stty(String option) throws Exception {
        return stty(terminal, option);
    }

    private static String settings(PseudoTerminal terminal) throws Exception {
        return stty(terminal, "-g");
    }

    private static String stty(PseudoTerminal terminal, String option) throws Exception {
        try (UnixSocket.Pair pair = UnixSocket.pair("stty")) {
            ChildProcess stty;
            try (Descriptor end = pair.second().release()) {
                stty = ChildProcess.builder(STTY)
                        .arguments(option)
                        .input(ChildStream.of(terminal.terminal()))
                        .output(ChildStream.of(end))
                        .start();
            }
            try (stty) {
                return new String(pair.first().input().readAllBytes(), StandardCharsets.UTF_8);
            }
        }
    }

    @Override
    public void close() throws IOException {
        try (command) {
            terminal.close();
        }
    }
}
