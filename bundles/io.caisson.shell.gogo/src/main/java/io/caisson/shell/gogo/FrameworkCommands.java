package io.caisson.shell.gogo;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.CommandSessionListener;
import org.apache.felix.service.command.Function;
import org.jspecify.annotations.Nullable;

/**
 * Lets misuse of the framework's own commands be one line: Gogo lists the Java signatures it has tried. In each session
 * that begins to execute something, their short names are functions that call them and put that into words; nothing else
 * about the commands changes, nor do their full names.
 */
final class FrameworkCommands implements CommandSessionListener {
    private static final String SCOPE = "felix:";

    /** The session's variable with the names of all commands, a set of strings. */
    private static final String COMMANDS = ".commands";

    /** As Gogo's Reflective has it. */
    private static final Pattern MISUSE = Pattern.compile("Cannot coerce ([\\w:]+)\\(.*\\) to any of \\[");

    private final Set<CommandSession> prepared =
            Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

    /** What a message of Gogo's means, where it is about arguments; the message itself otherwise. */
    static String inWords(String message) {
        Matcher misuse = MISUSE.matcher(message);
        return misuse.lookingAt()
                ? misuse.group(1) + " does not take these arguments (see help " + misuse.group(1) + ")"
                : message;
    }

    @Override
    public void beforeExecute(CommandSession session, CharSequence line) {
        if (prepared.add(session) && session.get(COMMANDS) instanceof Set<?> commands) {
            for (Object command : commands) {
                String full = command.toString();
                String name = full.substring(full.indexOf(':') + 1);
                // Where the shell has a command of that name, that one is meant.
                if (full.startsWith(SCOPE) && !commands.contains("gogo:" + name) && session.get(name) == null) {
                    session.put(name, (Function) (current, arguments) -> call(current, full, arguments));
                }
            }
        }
    }

    private static @Nullable Object call(CommandSession session, String full, List<Object> arguments) throws Exception {
        if (!(session.get(full) instanceof Function command)) {
            throw new CaissonException(
                    ErrorKind.NOT_FOUND, "there is no command " + full + " any more: its bundle has been stopped");
        }
        try {
            return command.execute(session, arguments);
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            String words = inWords(message);
            if (words.equals(message)) {
                throw e;
            }
            throw new CaissonException(ErrorKind.INVALID_ARGUMENT, words, e);
        }
    }

    @Override
    public void afterExecute(CommandSession session, CharSequence line, Exception failure) {
        // Whoever executes it reports the failure.
    }

    @Override
    public void afterExecute(CommandSession session, CharSequence line, Object result) {
        // Whoever executes it shows the result.
    }
}
