package io.caisson.host.linux.ffm;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;

/** The terminal behind this process's standard streams, if there is one. */
public final class Terminal {
    private Terminal() {}

    /** A standard stream of this process. */
    public enum Stream {
        /** Standard input. */
        INPUT(0),
        /** Standard output. */
        OUTPUT(1),
        /** Standard error. */
        ERROR(2);

        private final int number;

        Stream(int number) {
            this.number = number;
        }
    }

    /**
     * How much text fits.
     *
     * @param rows 0 to 65535; 0 when the terminal does not know
     * @param columns as rows
     */
    public record Size(int rows, int columns) {
        /** Checks the ranges. */
        public Size {
            if (rows < 0 || rows > 0xffff || columns < 0 || columns > 0xffff) {
                throw new IllegalArgumentException("terminal of " + rows + " rows of " + columns + " columns");
            }
        }
    }

    /** Whether the stream is a terminal. */
    public static boolean isTerminal(Stream stream) {
        return TerminalCalls.size(stream.number).isPresent();
    }

    /** The size of the terminal the stream is; empty when it is none. It changes with {@code SIGWINCH}. */
    public static Optional<Size> size(Stream stream) {
        return TerminalCalls.size(stream.number);
    }

    /**
     * What is typed at the terminal that standard input is. Unlike with {@code System.in}, a thread that reads can be
     * interrupted, and nothing is read that nobody asked for. Closing it leaves standard input open.
     *
     * @throws SystemCallException {@code EPERM} when standard input is a file, {@code EBADF} when it is closed
     */
    public static InputStream input() throws IOException {
        Descriptor terminal = new Descriptor(
                FileCalls.fcntl(Stream.INPUT.number, FileCalls.F_DUPFD_CLOEXEC, 0), "terminal of standard input");
        return new NonBlockingFile(terminal, NonBlockingFile.Kind.TERMINAL).input();
    }

    /**
     * Puts the terminal into raw mode, termios(3) {@code cfmakeraw}: every byte typed is input at once, none is echoed
     * or means anything, and output is not changed on its way. What has been typed already is not lost.
     *
     * <p>The settings found are put back by {@link RawMode#close()} and also when this process dies without calling it,
     * even by SIGKILL: a shell in a session of its own watches a socket that only this process holds open.
     *
     * @throws SystemCallException {@code ENOTTY} when the stream is no terminal
     * @throws IOException the watching shell cannot be started; the settings are as they were
     */
    public static RawMode enterRawMode(Stream stream) throws IOException {
        int fd = stream.number;
        byte[] found = new byte[(int) Structs.Termios.SIZE];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment termios = arena.allocate(Structs.Termios.SIZE, 4);
            TerminalCalls.tcgetattr(fd, termios);
            MemorySegment.copy(termios, ValueLayout.JAVA_BYTE, 0, found, 0, found.length);
            TerminalGuard guard = TerminalGuard.start(fd, settings(termios));
            try {
                TerminalCalls.cfmakeraw(termios);
                TerminalCalls.tcsetattr(fd, termios);
            } catch (SystemCallException e) {
                guard.dismiss();
                throw e;
            }
            return new RawMode(fd, found, guard);
        }
    }

    /** As {@code stty -g} prints them: the four flag words and the control characters, in hexadecimal. */
    private static String settings(MemorySegment termios) {
        StringBuilder text = new StringBuilder(160);
        for (long flags : new long[] {
            Structs.Termios.C_IFLAG, Structs.Termios.C_OFLAG, Structs.Termios.C_CFLAG, Structs.Termios.C_LFLAG
        }) {
            text.append(Integer.toHexString(termios.get(ValueLayout.JAVA_INT, flags)))
                    .append(':');
        }
        for (int i = 0; i < Structs.Termios.NCCS; i++) {
            int character = termios.get(ValueLayout.JAVA_BYTE, Structs.Termios.C_CC + i) & 0xff;
            text.append(Integer.toHexString(character)).append(':');
        }
        text.setLength(text.length() - 1);
        return text.toString();
    }

    /** A terminal in raw mode. Whoever entered it closes it. */
    public static final class RawMode implements AutoCloseable {
        private final int fd;
        private final byte[] found;
        private final TerminalGuard guard;
        private boolean closed;

        private RawMode(int fd, byte[] found, TerminalGuard guard) {
            this.fd = fd;
            this.found = Arrays.copyOf(found, found.length);
            this.guard = guard;
        }

        /** Puts back the settings found when raw mode was entered. Idempotent; takes about a millisecond. */
        @Override
        public synchronized void close() {
            if (closed) {
                return;
            }
            closed = true;
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment termios = arena.allocate(Structs.Termios.SIZE, 4);
                MemorySegment.copy(found, 0, termios, ValueLayout.JAVA_BYTE, 0, found.length);
                TerminalCalls.tcsetattr(fd, termios);
                guard.dismiss();
            } catch (SystemCallException e) {
                // the stream was closed or the terminal is gone: if anything can be done, the guard's own descriptor
                // can
                guard.act();
            }
        }
    }
}
