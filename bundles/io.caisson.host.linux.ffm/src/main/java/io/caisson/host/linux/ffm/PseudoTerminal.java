package io.caisson.host.linux.ffm;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * A pair of a terminal and what controls it, pty(7): a program at the terminal believes it talks to a person. Belongs to
 * whoever opened it.
 */
public final class PseudoTerminal implements AutoCloseable {
    private final NonBlockingFile controller;
    private final Descriptor terminal;

    private PseudoTerminal(NonBlockingFile controller, Descriptor terminal) {
        this.controller = controller;
        this.terminal = terminal;
    }

    /** Opens one of this size. */
    public static PseudoTerminal open(Terminal.Size size) throws IOException {
        int fd = TerminalCalls.openPseudoTerminal();
        NonBlockingFile controller = new NonBlockingFile(
                new Descriptor(fd, "controller of a pseudo-terminal"), NonBlockingFile.Kind.PSEUDO_TERMINAL);
        try {
            TerminalCalls.setSize(fd, size);
            Descriptor terminal = new Descriptor(
                    FileCalls.open(TerminalCalls.ptsname(fd), FileCalls.O_RDWR | FileCalls.O_NOCTTY, 0),
                    "pseudo-terminal");
            return new PseudoTerminal(controller, terminal);
        } catch (IOException e) {
            controller.close();
            throw e;
        }
    }

    /** What programs write to the terminal; the end when every descriptor of the terminal is closed. */
    public InputStream input() {
        return controller.input();
    }

    /** What is typed. */
    public OutputStream output() {
        return controller.output();
    }

    /** Changes the terminal's size, of which its foreground processes are told by {@code SIGWINCH}. */
    public void resize(Terminal.Size size) throws IOException {
        int fd = controller.descriptor().acquire();
        try {
            TerminalCalls.setSize(fd, size);
        } finally {
            controller.descriptor().release();
        }
    }

    /**
     * The terminal, for a child's streams. It stays this object's; {@link #closeTerminal()} once the child has it, so
     * that {@link #input()} ends with the child.
     */
    public Descriptor terminal() {
        return terminal;
    }

    /** Closes this process's descriptor of the terminal. Idempotent. */
    public void closeTerminal() {
        terminal.close();
    }

    /** Hangs the terminal up: programs at it get {@code SIGHUP} or the end of input. Idempotent. */
    @Override
    public void close() {
        controller.close();
        terminal.close();
    }
}
