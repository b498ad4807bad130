package io.caisson.shell.gogo;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.Descriptor;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/**
 * The commands there are: services with a Gogo scope (the noun) and functions (the verbs) whose property
 * {@value #MARK} is set. Functions listed in that property can be called without their noun.
 */
final class CommandCatalog {
    /** Service property of command services, String+: the functions that need no noun; may be empty. */
    private static final String MARK = "caisson.command.short";

    private final BundleContext context;

    CommandCatalog(BundleContext context) {
        this.context = context;
    }

    /**
     * A command found on a command line.
     *
     * @param words how many words name it
     */
    record Match(String scope, String function, int words) {}

    Match find(List<String> words) {
        return lookup(words).orElseThrow(() -> unknown(words));
    }

    Optional<Match> lookup(List<String> words) {
        String first = words.getFirst();
        for (ServiceReference<?> service : services()) {
            String scope = String.valueOf(service.getProperty(CommandProcessor.COMMAND_SCOPE));
            if (strings(service.getProperty(MARK)).contains(first)) {
                return Optional.of(new Match(scope, first, 1));
            }
            if (scope.equals(first)
                    && words.size() > 1
                    && strings(service.getProperty(CommandProcessor.COMMAND_FUNCTION))
                            .contains(words.get(1))) {
                return Optional.of(new Match(scope, words.get(1), 2));
            }
        }
        return Optional.empty();
    }

    /** Whether commands are called with this word in front. */
    boolean isNoun(String word) {
        return services().stream()
                .anyMatch(service -> word.equals(service.getProperty(CommandProcessor.COMMAND_SCOPE)));
    }

    CaissonException unknown(List<String> words) {
        String first = words.getFirst();
        if (first.startsWith("-")) {
            return new CaissonException(
                    ErrorKind.INVALID_ARGUMENT, "unknown option " + first + " (see caisson --help)");
        }
        var verbs = new TreeSet<String>();
        var nouns = new TreeSet<String>();
        for (ServiceReference<?> service : services()) {
            String scope = String.valueOf(service.getProperty(CommandProcessor.COMMAND_SCOPE));
            List<String> functions = strings(service.getProperty(CommandProcessor.COMMAND_FUNCTION));
            if (first.equals(scope)) {
                verbs.addAll(functions);
            }
            if (functions.contains(first)) {
                nouns.add(scope);
            }
        }
        if (verbs.isEmpty()) {
            return new CaissonException(
                    ErrorKind.INVALID_ARGUMENT,
                    "unknown command '" + first + "'"
                            // Docker's words, most of them: only where no other noun could be meant.
                            + (nouns.size() == 1 ? "; did you mean '" + nouns.getFirst() + " " + first + "'?" : "")
                            + " (see caisson --help)");
        }
        return new CaissonException(
                ErrorKind.INVALID_ARGUMENT,
                (words.size() < 2
                                ? "'" + first + "' needs a verb"
                                : "unknown command '" + first + " " + words.get(1) + "'")
                        + "; there are: " + String.join(", ", verbs));
    }

    /** What whoever calls a command by this name in Gogo is told when there is none. */
    CaissonException unknownInShell(String name) {
        var meant = new TreeSet<String>();
        for (ServiceReference<?> service : services()) {
            if (strings(service.getProperty(CommandProcessor.COMMAND_FUNCTION)).contains(name)) {
                meant.add(service.getProperty(CommandProcessor.COMMAND_SCOPE) + ":" + name);
            }
        }
        return new CaissonException(
                ErrorKind.INVALID_ARGUMENT,
                "unknown command '" + name + "'"
                        + (meant.isEmpty() ? "" : "; did you mean " + String.join(" or ", meant) + "?")
                        + " (help lists those there are)");
    }

    String version() {
        return "caisson " + context.getBundle().getVersion();
    }

    /** All commands with a line on each. */
    String overview() {
        return """
                Usage: caisson [--debug] COMMAND [OPTION…] [OPERAND…]

                Runs every Linux container in its own lightweight virtual machine.

                Commands:
                """ + table(services()) + """

                  --debug    Print log messages and stack traces to standard error
                  --version  Print the version
                Each command explains itself with --help.""";
    }

    /** A noun's commands with a line on each. */
    String overview(String noun) {
        return "Usage: caisson " + noun + " COMMAND [OPTION…] [OPERAND…]\n\nCommands:\n"
                + table(services().stream()
                        .filter(service -> noun.equals(service.getProperty(CommandProcessor.COMMAND_SCOPE)))
                        .toList())
                + "\nEach command explains itself with --help.";
    }

    /** All commands by their nouns, as Gogo calls them, and a word on Gogo's own. */
    String shellOverview() {
        var nouns = new TreeMap<String, List<ServiceReference<?>>>();
        for (ServiceReference<?> service : services()) {
            String noun = String.valueOf(service.getProperty(CommandProcessor.COMMAND_SCOPE));
            nouns.computeIfAbsent(noun, key -> new ArrayList<>()).add(service);
        }
        var text = new StringBuilder("Caisson's commands:\n");
        nouns.forEach(
                (noun, services) -> text.append("\n").append(noun).append('\n').append(table(lines(services, ":"))));
        return text + """

                Gogo's own work on bundles (lb, start, stop, update, install) and text (grep, each, cat); felix:help
                lists all commands. help COMMAND explains one; exit or Ctrl-D leaves the shell.""";
    }

    private String table(List<ServiceReference<?>> services) {
        return table(lines(services, " "));
    }

    /** Names and summaries, nouns and verbs separated by this. */
    private Map<String, String> lines(List<ServiceReference<?>> services, String separator) {
        var lines = new TreeMap<String, String>();
        for (ServiceReference<?> service : services) {
            Object commands = context.getService(service);
            if (commands == null) {
                continue;
            }
            String scope = String.valueOf(service.getProperty(CommandProcessor.COMMAND_SCOPE));
            Map<String, String> summaries = summaries(commands.getClass());
            for (String function : strings(service.getProperty(CommandProcessor.COMMAND_FUNCTION))) {
                boolean isShort = strings(service.getProperty(MARK)).contains(function);
                lines.put(isShort ? function : scope + separator + function, summaries.getOrDefault(function, ""));
            }
            context.ungetService(service);
        }
        return lines;
    }

    private static String table(Map<String, String> lines) {
        int width = lines.keySet().stream().mapToInt(String::length).max().orElse(0);
        var text = new StringBuilder();
        lines.forEach((name, summary) -> text.append("  ")
                .append(name)
                .repeat(" ", width - name.length() + 2)
                .append(summary)
                .append('\n'));
        return text.toString();
    }

    private static Map<String, String> summaries(Class<?> commands) {
        var summaries = new TreeMap<String, String>();
        for (var method : commands.getMethods()) {
            var descriptor = method.getAnnotation(Descriptor.class);
            if (descriptor != null) {
                String name = method.getName();
                summaries.put(name.startsWith("_") ? name.substring(1) : name, descriptor.value());
            }
        }
        return summaries;
    }

    private List<ServiceReference<?>> services() {
        try {
            ServiceReference<?>[] references = context.getAllServiceReferences(null, "(" + MARK + "=*)");
            return references == null ? List.of() : List.of(references);
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> strings(@Nullable Object property) {
        return switch (property) {
            case null -> List.of();
            case String[] values -> Arrays.asList(values);
            case Iterable<?> values -> {
                var list = new ArrayList<String>();
                values.forEach(value -> list.add(String.valueOf(value)));
                yield list;
            }
            default -> List.of(property.toString());
        };
    }
}
