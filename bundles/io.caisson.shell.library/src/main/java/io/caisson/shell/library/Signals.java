package io.caisson.shell.library;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Handles signals sent to this process until it is closed, then gives them back to whoever handled them before. SIGHUP
 * is left to the JVM, which ends in order on it and leaves it ignored under nohup.
 */
public final class Signals implements AutoCloseable {
    /** The signals a command may handle. */
    public enum Kind {
        /** Interrupt from the keyboard: Ctrl-C. */
        INT(2),
        /** The request to end. */
        TERM(15),
        /** The terminal's size has changed. */
        WINCH(28);

        private final int number;

        Kind(int number) {
            this.number = number;
        }

        /** The number of the signal on Linux. */
        public int number() {
            return number;
        }
    }

    private record Replaced(Kind kind, Object before) {}

    private final List<Replaced> replaced = new ArrayList<>();

    private Signals() {}

    /** Calls the handler, on a thread of the JVM's, for each signal of these kinds that arrives. */
    public static Signals handle(Consumer<Kind> handler, Kind... kinds) {
        var signals = new Signals();
        for (Kind kind : kinds) {
            Object before = org.jline.utils.Signals.register(kind.name(), () -> handler.accept(kind));
            signals.replaced.add(new Replaced(kind, before));
        }
        return signals;
    }

    @Override
    public void close() {
        for (Replaced one : replaced) {
            org.jline.utils.Signals.unregister(one.kind.name(), one.before);
        }
        replaced.clear();
    }
}
