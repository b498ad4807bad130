package io.caisson.shell.library;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A command's syntax: options, then operands, by the conventions of POSIX.1-2017 (Base Definitions, 12.2 "Utility
 * Syntax Guidelines") and GNU long options: {@code -i -t}, {@code -it}, {@code -e A=1}, {@code --env A=1},
 * {@code --env=A=1}, {@code --} ends the options. Options stand before operands, so that everything after the first
 * operand can be a command of the container's own.
 *
 * <p>Gogo's own option parsing is of no use here: it takes options away from anywhere in the line.
 */
public final class CommandSyntax {
    private final String name;
    private final String summary;
    private final String operands;
    private final int fewest;
    private final int most;
    private final boolean mixed;
    private final String note;
    private final Map<String, Option> byLongName;
    private final Map<Character, Option> byShortName;

    private CommandSyntax(Builder builder) {
        name = builder.name;
        summary = builder.summary;
        operands = builder.operands;
        fewest = builder.fewest;
        most = builder.most;
        mixed = builder.mixed;
        note = builder.note;
        byLongName = new LinkedHashMap<>(builder.options);
        byShortName = new LinkedHashMap<>();
        for (Option option : byLongName.values()) {
            if (option.shortName != 0) {
                byShortName.put(option.shortName, option);
            }
        }
    }

    private record Option(
            char shortName, String longName, @Nullable String argument, String help) {
        String usage() {
            String shorts = shortName == 0 ? "    " : "-" + shortName + ", ";
            return shorts + "--" + longName + (argument == null ? "" : " " + argument);
        }
    }

    /**
     * Begins a declaration.
     *
     * @param name as users type it, such as {@code image list}
     * @param summary one line without a full stop
     */
    public static Builder builder(String name, String summary) {
        return new Builder(name, summary);
    }

    /** The command's name. */
    public String name() {
        return name;
    }

    /** One line on what it does. */
    public String summary() {
        return summary;
    }

    /**
     * Reads a command line. With {@code --help} nothing else is checked.
     *
     * @throws CaissonException INVALID_ARGUMENT when it does not fit
     */
    public Arguments parse(List<String> line) {
        var values = new LinkedHashMap<String, List<String>>();
        var positional = new ArrayList<String>();
        int i = 0;
        boolean options = true;
        while (i < line.size()) {
            String word = line.get(i++);
            if (!options || !word.startsWith("-") || word.equals("-")) {
                positional.add(word);
                options = options && mixed;
            } else if (word.equals("--")) {
                options = false;
            } else if (word.startsWith("--")) {
                i = longOption(word, line, i, values);
            } else {
                i = shortOptions(word, line, i, values);
            }
        }
        if (!values.containsKey("help")) {
            count(positional);
        }
        return new Arguments(values, positional);
    }

    private void count(List<String> positional) {
        if (positional.size() < fewest) {
            // Those that must be there come first and stand for themselves: CONTAINER COMMAND [ARGUMENT…]
            String missing = operands.split(" ", -1)[positional.size()].replace("…", "");
            throw misuse("operand " + missing + " is missing");
        }
        if (positional.size() > most) {
            throw misuse("operand '" + positional.get(most) + "' is too many");
        }
    }

    private int longOption(String word, List<String> line, int next, Map<String, List<String>> values) {
        int equals = word.indexOf('=');
        String longName = equals < 0 ? word.substring(2) : word.substring(2, equals);
        Option option = byLongName.get(longName);
        if (option == null) {
            throw misuse("unknown option --" + longName);
        }
        if (option.argument == null) {
            if (equals >= 0) {
                throw misuse("option --" + longName + " takes no value");
            }
            add(values, option, "");
            return next;
        }
        if (equals >= 0) {
            add(values, option, word.substring(equals + 1));
            return next;
        }
        return addNext(values, option, line, next);
    }

    private int shortOptions(String word, List<String> line, int next, Map<String, List<String>> values) {
        for (int i = 1; i < word.length(); i++) {
            Option option = byShortName.get(word.charAt(i));
            if (option == null) {
                throw misuse("unknown option -" + word.charAt(i));
            }
            if (option.argument != null) {
                if (i + 1 < word.length()) {
                    add(values, option, word.substring(i + 1));
                    return next;
                }
                return addNext(values, option, line, next);
            }
            add(values, option, "");
        }
        return next;
    }

    private int addNext(Map<String, List<String>> values, Option option, List<String> line, int next) {
        if (next >= line.size()) {
            throw misuse("option --" + option.longName + " needs a value: " + option.argument);
        }
        add(values, option, line.get(next));
        return next + 1;
    }

    private static void add(Map<String, List<String>> values, Option option, String value) {
        values.computeIfAbsent(option.longName, key -> new ArrayList<>()).add(value);
    }

    private CaissonException misuse(String what) {
        return new CaissonException(
                ErrorKind.INVALID_ARGUMENT, name + ": " + what + " (see caisson " + name + " --help)");
    }

    /** The help text, ending without a newline. */
    public String help() {
        var text = new StringBuilder("Usage: caisson ").append(name).append(" [OPTION…]");
        if (!operands.isEmpty()) {
            text.append(' ').append(operands);
        }
        text.append("\n\n").append(summary).append("\n\nOptions:");
        int width = 0;
        for (Option option : byLongName.values()) {
            width = Math.max(width, option.usage().length());
        }
        for (Option option : byLongName.values()) {
            text.append("\n  ").append(option.usage());
            text.repeat(" ", width - option.usage().length() + 2).append(option.help);
        }
        if (!note.isEmpty()) {
            text.append("\n\n").append(note);
        }
        return text.toString();
    }

    /** Collects a declaration; not safe for use by several threads. */
    public static final class Builder {
        private final String name;
        private final String summary;
        private final Map<String, Option> options = new LinkedHashMap<>();
        private String operands = "";
        private int fewest;
        private int most;
        private boolean mixed = true;
        private String note = "";

        private Builder(String name, String summary) {
            this.name = name;
            this.summary = summary;
        }

        /**
         * An option without a value.
         *
         * @param shortName a letter, or 0 for none
         */
        public Builder flag(char shortName, String longName, String help) {
            options.put(longName, new Option(shortName, longName, null, help));
            return this;
        }

        /**
         * An option with a value; it may be given more than once.
         *
         * @param shortName a letter, or 0 for none
         * @param argument what the value is, in capitals
         */
        public Builder option(char shortName, String longName, String argument, String help) {
            options.put(longName, new Option(shortName, longName, argument, help));
            return this;
        }

        /**
         * Operands, at least and at most so many.
         *
         * @param usage their names, separated by spaces, the required ones first
         */
        public Builder operands(String usage, int fewestOperands, int mostOperands) {
            operands = usage;
            fewest = fewestOperands;
            most = mostOperands;
            return this;
        }

        /** From the first operand on everything is an operand, whatever it looks like. */
        public Builder optionsFirst() {
            mixed = false;
            return this;
        }

        /** What else there is to know, after the options: one sentence or a few, each with its full stop. */
        public Builder note(String text) {
            note = text;
            return this;
        }

        /** The options of every command that lists things. */
        public Builder listing() {
            flag('q', "quiet", "Print identifiers only");
            flag((char) 0, "no-trunc", "Do not shorten to the terminal's width");
            return format();
        }

        /** The option that chooses between text and JSON. */
        public Builder format() {
            return option((char) 0, "format", "FORMAT", "table or json");
        }

        /** The declaration. */
        public CommandSyntax build() {
            flag('h', "help", "Print this text");
            return new CommandSyntax(this);
        }
    }
}
