package io.caisson.container.gogo;

import io.caisson.container.api.ContainerProcess;
import io.caisson.container.api.ExitStatus;
import io.caisson.container.api.ProcessSpec;
import io.caisson.host.linux.ffm.Terminal;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.shell.library.Signals;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.felix.service.command.CommandSession;
import org.jspecify.annotations.Nullable;

/**
 * Ties a process to this command's streams, terminal and signals until the process ends. SIGINT, SIGTERM and SIGHUP go
 * to the process, which may handle or ignore them. The third SIGINT or SIGTERM ends the command whatever the process
 * does, which who has sent two in vain is told; and so does a hangup that the process survives: nobody is there any more
 * to end it otherwise.
 *
 * <p>Threads: one for each stream, platform threads because they block in reads and writes of the host; the thread that
 * waits for the process is the command's own.
 */
final class Attachment implements AutoCloseable {
    private static final int CHUNK = 64 << 10;

    /** As many SIGINTs and SIGTERMs end Docker's commands, too; timeout(1) alone sends two. */
    private static final int ENOUGH_REQUESTS = 3;

    /** How long a process gets to end before whoever asked twice is told that it goes on. */
    private static final Duration REQUEST_GRACE = Duration.ofSeconds(1);

    /** How long a process gets to end when its user's terminal has gone. */
    private static final Duration HANGUP_GRACE = Duration.ofSeconds(5);

    /** The end of a writer to a closed pipe, as shells report it. */
    private static final ExitStatus BROKEN_PIPE = new ExitStatus(128 + 13, 13);

    private final ContainerProcess process;
    private final String subject;
    private final CommandStreams streams;
    private final boolean interactive;
    private final Thread command = Thread.currentThread();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final Signals signals;
    private final Optional<Terminal.RawMode> rawMode;
    private final AtomicInteger requestsToEnd = new AtomicInteger();
    private final AtomicReference<Signals.@Nullable Kind> ended = new AtomicReference<>();
    private final Object sizeLock = new Object();
    private volatile boolean consoleGone;
    private @Nullable Thread output;
    private @Nullable Thread error;
    private @Nullable Thread input;
    // Guarded by sizeLock; null when the process has no terminal.
    private ProcessSpec.@Nullable TerminalSize size;

    private Attachment(
            ContainerProcess process,
            String subject,
            CommandSession session,
            boolean interactive,
            Optional<ProcessSpec.TerminalSize> terminal)
            throws IOException {
        this.process = process;
        this.subject = subject;
        this.interactive = interactive;
        streams = CommandStreams.of(session);
        size = terminal.orElse(null);
        rawMode = terminal.isPresent() && interactive && streams.isTyped()
                ? Optional.of(Terminal.enterRawMode(Terminal.Stream.INPUT))
                : Optional.empty();
        signals = Signals.handle(
                this::received, Signals.Kind.INT, Signals.Kind.TERM, Signals.Kind.HUP, Signals.Kind.WINCH);
    }

    /**
     * Takes over this command's streams. The process need not be started yet.
     *
     * @param subject what ends with this command, for messages
     * @param interactive whether to pass standard input on; when that is a terminal and the process has one, it is in raw
     *     mode from now on
     * @param terminal the size the process's terminal was made with, if it has one
     * @throws CaissonException UNAVAILABLE when the terminal's mode cannot be changed
     */
    static Attachment of(
            ContainerProcess process,
            String subject,
            CommandSession session,
            boolean interactive,
            Optional<ProcessSpec.TerminalSize> terminal) {
        try {
            return new Attachment(process, subject, session, interactive, terminal);
        } catch (IOException e) {
            throw new CaissonException(ErrorKind.UNAVAILABLE, "cannot take over the terminal: " + e.getMessage(), e);
        }
    }

    /** The size of this command's terminal; 24 rows of 80 columns without one. */
    static ProcessSpec.TerminalSize terminalSize() {
        return Terminal.size(Terminal.Stream.INPUT)
                .or(() -> Terminal.size(Terminal.Stream.OUTPUT))
                .map(size -> new ProcessSpec.TerminalSize(Math.max(1, size.rows()), Math.max(1, size.columns())))
                .orElse(new ProcessSpec.TerminalSize(24, 80));
    }

    /**
     * Begins to pass the process's output on. It may start meanwhile: to connect the streams and to load the program takes
     * the guest about as long.
     */
    void passOutput() {
        output = pump("stdout", this::copyOutput);
        error = pump("stderr", this::copyError);
    }

    /**
     * Waits for the started process to end and for all of its output to be written.
     *
     * @throws CaissonException when the sandbox ends under it
     */
    ExitStatus untilExit() throws InterruptedException {
        adjustSize();
        if (interactive) {
            input = pump("stdin", this::copyInput);
        }
        ExitStatus status = process.await(Duration.ofDays(3650)).orElseThrow();
        for (Thread pump : new Thread[] {output, error}) {
            if (pump != null) {
                pump.join();
            }
        }
        if (consoleGone) {
            return BROKEN_PIPE;
        }
        return switch (failure.get()) {
            case null -> status;
            case CaissonException known -> throw known;
            case Throwable unknown ->
                throw new CaissonException(
                        ErrorKind.UNAVAILABLE, "the container's output broke off: " + unknown.getMessage(), unknown);
        };
    }

    /** The terminal may have changed since the process was specified: a machine was booted in the meantime. */
    private void adjustSize() throws InterruptedException {
        try {
            followSize();
        } catch (CaissonException e) {
            // The process has ended already: how, is what is reported.
            return;
        }
    }

    /** The status to report for an interrupt of the command that this caused; empty when something else did. */
    Optional<ExitStatus> interrupted() {
        Signals.Kind signal = ended.get();
        if (signal != null) {
            return Optional.of(new ExitStatus(128 + signal.number(), signal.number()));
        }
        return consoleGone ? Optional.of(BROKEN_PIPE) : Optional.empty();
    }

    private interface Copy {
        void run() throws IOException, InterruptedException;
    }

    private Thread pump(String stream, Copy copy) {
        return Thread.ofPlatform().daemon().name("caisson-attach-" + stream).start(() -> {
            try {
                copy.run();
            } catch (IOException | CaissonException e) {
                failure.compareAndSet(null, e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private void copyOutput() throws IOException, InterruptedException {
        PrintStream console = streams.out();
        byte[] buffer = new byte[CHUNK];
        InputStream from = process.stdout();
        int count;
        while ((count = from.read(buffer)) >= 0) {
            console.write(buffer, 0, count);
            if (console.checkError()) {
                giveUp();
                return;
            }
        }
    }

    private void copyError() throws IOException, InterruptedException {
        byte[] buffer = new byte[CHUNK];
        InputStream from = process.stderr();
        OutputStream console = streams.error();
        int count;
        while ((count = from.read(buffer)) >= 0) {
            try {
                console.write(buffer, 0, count);
                console.flush();
            } catch (IOException e) {
                giveUp();
                return;
            }
        }
    }

    private void copyInput() throws IOException, InterruptedException {
        OutputStream to = process.stdin();
        byte[] buffer = new byte[CHUNK];
        try (InputStream from = streams.openInput()) {
            int count;
            while ((count = from.read(buffer)) >= 0) {
                try {
                    to.write(buffer, 0, count);
                } catch (IOException e) {
                    // The process has ended or closed its input; its exit status says all there is to say.
                    return;
                }
            }
        } catch (InterruptedIOException e) {
            // The process has ended.
            return;
        } catch (IOException e) {
            // A process that waits for more would wait for ever.
            to.close();
            throw e;
        }
        to.close();
    }

    /** Nobody reads this command's output any more: end what produces it. */
    private void giveUp() {
        consoleGone = true;
        command.interrupt();
    }

    /** Runs on a thread of its own for each signal. */
    private void received(Signals.Kind kind) {
        try {
            switch (kind) {
                case WINCH -> followSize();
                case INT, TERM -> requestedToEnd(kind, requestsToEnd.incrementAndGet());
                case HUP -> {
                    process.signal(kind.number());
                    if (process.await(HANGUP_GRACE).isEmpty()) {
                        end(kind);
                    }
                }
            }
        } catch (CaissonException e) {
            // The process is gone, or not there yet: what remains is to end the command.
            if (kind != Signals.Kind.WINCH) {
                end(kind);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void requestedToEnd(Signals.Kind kind, int requests) throws InterruptedException {
        if (requests == ENOUGH_REQUESTS) {
            end(kind);
            return;
        }
        process.signal(kind.number());
        if (requests == ENOUGH_REQUESTS - 1
                && process.await(REQUEST_GRACE).isEmpty()
                && requestsToEnd.get() == requests) {
            tell("caisson: " + subject + " has been sent SIG" + kind + " and goes on; once more ends it at once");
        }
    }

    private void tell(String line) {
        // In raw mode the terminal does not return to the left by itself.
        String end = rawMode.isPresent() ? "\r\n" : "\n";
        try {
            OutputStream console = streams.error();
            console.write((line + end).getBytes(StandardCharsets.UTF_8));
            console.flush();
        } catch (IOException e) {
            // Nobody reads it; what it tells about goes on as it is.
            return;
        }
    }

    private void end(Signals.Kind kind) {
        ended.compareAndSet(null, kind);
        command.interrupt();
    }

    /** Gives the process's terminal the size of this command's, the latest one however signals overtake each other. */
    private void followSize() throws InterruptedException {
        synchronized (sizeLock) {
            ProcessSpec.TerminalSize now = terminalSize();
            if (size != null && !size.equals(now)) {
                process.resize(now.rows(), now.columns());
                size = now;
            }
        }
    }

    /** Gives terminal and signals back, and what is typed from now on to the next command. */
    @Override
    public void close() {
        signals.close();
        Thread reader = input;
        if (reader != null) {
            reader.interrupt();
        }
        rawMode.ifPresent(Terminal.RawMode::close);
    }
}
