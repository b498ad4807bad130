package io.caisson.container.gogo;

import io.caisson.host.linux.ffm.Terminal;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Process;
import org.jspecify.annotations.Nullable;

/**
 * A command's standard streams. In a script or an interactive shell these are those of its stage in a Gogo pipeline;
 * called from the operating system's shell it has no stage, and this process's streams are its own.
 */
final class CommandStreams {
    private final CommandSession session;
    private final @Nullable Process stage;

    private CommandStreams(CommandSession session, @Nullable Process stage) {
        this.session = session;
        this.stage = stage;
    }

    /** Those of the command that the calling thread runs. */
    static CommandStreams of(CommandSession session) {
        return new CommandStreams(session, Process.Utils.current());
    }

    /** Whether its standard input is what is typed at this process's terminal. */
    boolean isTyped() {
        return (stage == null || stage.isTty(0)) && Terminal.isTerminal(Terminal.Stream.INPUT);
    }

    /**
     * Standard input. What is typed is read from the terminal itself: a thread that waits for it can be interrupted, and
     * takes nothing away from what reads next. Closing it closes nothing that others use.
     */
    InputStream openInput() throws IOException {
        if (isTyped()) {
            return Terminal.input();
        }
        return new PipeInput(stage == null ? session.getKeyboard() : stage.in());
    }

    /** The session's own where nothing is in between: only that one knows when nobody reads any more. */
    PrintStream out() {
        return stage == null || stage.isTty(1) ? session.getConsole() : stage.out();
    }

    /** Not System.err: Gogo ties that to the thread that runs the command. */
    OutputStream error() {
        return stage == null ? new FileOutputStream(FileDescriptor.err) : stage.err();
    }
}
