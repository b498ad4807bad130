package io.caisson.launcher;

import java.util.List;

/** What the launcher itself has to know of a command line; all else is the command line service's. */
record Request(boolean debug, List<String> words) {
    private static final String DEBUG = "--debug";

    /**
     * A command line's parts.
     *
     * @param debug whether it begins with {@code --debug}
     * @param words the command and what follows
     */
    Request {
        words = List.copyOf(words);
    }

    static Request of(String... arguments) {
        List<String> line = List.of(arguments);
        boolean debug = !line.isEmpty() && line.getFirst().equals(DEBUG);
        return new Request(debug, line.subList(debug ? 1 : 0, line.size()));
    }

    /** Whether it opens a shell: {@code shell …} or, with its noun, {@code system shell …}. */
    boolean opensShell() {
        boolean noun = !words.isEmpty() && words.getFirst().equals("system");
        int verb = noun ? 1 : 0;
        return words.size() > verb && words.get(verb).equals("shell");
    }
}
