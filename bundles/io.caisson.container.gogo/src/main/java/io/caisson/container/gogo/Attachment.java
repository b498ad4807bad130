package io.caisson.container.gogo;

import io.caisson.container.api.ContainerProcess;
import io.caisson.container.api.ExitStatus;
import io.caisson.container.api.ProcessSpec;
import io.caisson.host.linux.ffm.Terminal;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.shell.library.Signals;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.felix.service.command.CommandSession;
import org.jspecify.annotations.Nullable;

/**
 * Ties a process to this command's streams, terminal and signals until the process ends. SIGINT and SIGTERM go to the
 * process; a second SIGINT interrupts the command, which ends the container.
 *
 * <p>Threads: one for each stream, platform threads because they block in reads and writes of the host; the thread that
 * waits for the process is the command's own.
 */
final class Attachment implements AutoCloseable {
    private static final int CHUNK = 64 << 10;

    /** The end of a writer to a closed pipe, as shells report it. */
    private static final ExitStatus BROKEN_PIPE = new ExitStatus(128 + 13, 13);

    private final ContainerProcess process;
    private final CommandSession session;
    private final boolean interactive;
    private final Thread command = Thread.currentThread();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final Signals signals;
    private final Optional<Terminal.RawMode> rawMode;
    private volatile boolean consoleGone;
    private boolean interrupted;

    private Attachment(ContainerProcess process, CommandSession session, boolean interactive, boolean tty)
            throws IOException {
        this.process = process;
        this.session = session;
        this.interactive = interactive;
        rawMode = tty && interactive && Terminal.isTerminal(Terminal.Stream.INPUT)
                ? Optional.of(Terminal.enterRawMode(Terminal.Stream.INPUT))
                : Optional.empty();
        signals = tty
                ? Signals.handle(this::received, Signals.Kind.INT, Signals.Kind.TERM, Signals.Kind.WINCH)
                : Signals.handle(this::received, Signals.Kind.INT, Signals.Kind.TERM);
    }

    /**
     * Takes over this command's streams. The process need not be started yet.
     *
     * @throws CaissonException INVALID_STATE when a terminal is asked for and standard input is none
     */
    static Attachment of(ContainerProcess process, CommandSession session, boolean interactive, boolean tty) {
        try {
            return new Attachment(process, session, interactive, tty);
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
     * Waits for the started process to end and for all of its output to be written.
     *
     * @throws CaissonException when the sandbox ends under it
     */
    ExitStatus untilExit() throws InterruptedException {
        Thread output = pump("stdout", this::copyOutput);
        Thread error = pump("stderr", this::copyError);
        if (interactive) {
            pump("stdin", this::copyInput);
        }
        ExitStatus status;
        try {
            status = process.await(Duration.ofDays(3650)).orElseThrow();
            output.join();
            error.join();
        } catch (InterruptedException e) {
            if (consoleGone) {
                return BROKEN_PIPE;
            }
            throw e;
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
        PrintStream console = session.getConsole();
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
        // Not System.err: Gogo ties that to the thread that runs the command.
        @SuppressWarnings("resource")
        var console = new FileOutputStream(FileDescriptor.err);
        int count;
        while ((count = from.read(buffer)) >= 0) {
            try {
                console.write(buffer, 0, count);
            } catch (IOException e) {
                giveUp();
                return;
            }
        }
    }

    private void copyInput() throws IOException, InterruptedException {
        InputStream from = session.getKeyboard();
        OutputStream to = process.stdin();
        byte[] buffer = new byte[CHUNK];
        int count;
        while ((count = from.read(buffer)) >= 0) {
            try {
                to.write(buffer, 0, count);
            } catch (IOException e) {
                // The process has ended or closed its input; its exit status says all there is to say.
                return;
            }
        }
        to.close();
    }

    /** Nobody reads this command's output any more: end what produces it. */
    private void giveUp() {
        consoleGone = true;
        command.interrupt();
    }

    private void received(Signals.Kind kind) {
        try {
            if (kind == Signals.Kind.WINCH) {
                ProcessSpec.TerminalSize size = terminalSize();
                process.resize(size.rows(), size.columns());
                return;
            }
            boolean again = interrupted && kind == Signals.Kind.INT;
            interrupted = true;
            if (!again) {
                process.signal(kind.number());
                return;
            }
        } catch (CaissonException e) {
            // The process is gone, or not there yet: what remains is to end the command.
            if (kind == Signals.Kind.WINCH) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        command.interrupt();
    }

    /** Gives terminal and signals back. */
    @Override
    public void close() {
        signals.close();
        rawMode.ifPresent(Terminal.RawMode::close);
    }
}
