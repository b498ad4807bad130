package io.caisson.shell.gogo;

import java.util.ArrayList;
import java.util.List;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.jspecify.annotations.Nullable;

/** {@code help [COMMAND]} in scripts and in the interactive shell: Caisson's commands first, Gogo's own by its own help. */
final class HelpCommand implements Function {
    private static final String GOGOS = "felix:help";

    private final CommandCatalog catalog;

    HelpCommand(CommandCatalog catalog) {
        this.catalog = catalog;
    }

    @Override
    public @Nullable Object execute(CommandSession session, List<Object> arguments) throws Exception {
        if (arguments.isEmpty()) {
            return catalog.shellOverview();
        }
        List<String> words = new ArrayList<>();
        for (Object argument : arguments) {
            // NOUN:VERB is how the shell has it, NOUN VERB how the command line does.
            words.addAll(List.of(argument.toString().split(":", 2)));
        }
        if (words.size() == 1 && catalog.isNoun(words.getFirst())) {
            return catalog.overview(words.getFirst());
        }
        var match = catalog.lookup(words);
        if (match.isPresent()
                && session.get(match.get().scope() + ":" + match.get().function()) instanceof Function ours) {
            return ours.execute(session, List.of("--help"));
        }
        String name = arguments.getFirst().toString();
        if (session.get(name.contains(":") ? name : "*:" + name) instanceof Function
                && session.get(GOGOS) instanceof Function gogos) {
            return gogos.execute(session, List.of(name));
        }
        throw catalog.unknownInShell(name);
    }
}
