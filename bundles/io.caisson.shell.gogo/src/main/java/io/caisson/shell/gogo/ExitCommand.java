package io.caisson.shell.gogo;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;

/** {@code exit [STATUS]}, in scripts and in the interactive shell, of which there is one in a framework. */
public final class ExitCommand {
    /** JLine's line editor, where there is one. */
    private static final String READER = ".reader";

    private static final String CONTROL_D = "\u0004";

    private volatile int status;

    /** Ends the script it is called from. */
    static final class Exit extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Exit() {
            super("exit", null, false, false);
        }
    }

    ExitCommand() {}

    /** What was asked for, 0 if nothing was. */
    int status() {
        return status;
    }

    /** Leaves with status 0. */
    @Descriptor("Leave the shell or end the script")
    public void exit(CommandSession session) throws ReflectiveOperationException {
        leave(session, 0);
    }

    /** Leaves with a status, 0 to 255. */
    @Descriptor("Leave the shell or end the script with an exit status")
    public void exit(CommandSession session, @Descriptor("exit status, 0 to 255") String text)
            throws ReflectiveOperationException {
        if (!text.matches("[0-9]{1,3}") || Integer.parseInt(text) > 255) {
            throw new CaissonException(
                    ErrorKind.INVALID_ARGUMENT, "exit takes a status from 0 to 255, not '" + text + "'");
        }
        leave(session, Integer.parseInt(text));
    }

    private void leave(CommandSession session, int wanted) throws ReflectiveOperationException {
        status = wanted;
        Object reader = session.get(READER);
        if (reader == null) {
            throw new Exit();
        }
        // As if its user typed that next: the shell prints every exception, and keeps its history only at its own end.
        reader.getClass().getMethod("runMacro", String.class).invoke(reader, CONTROL_D);
    }
}
