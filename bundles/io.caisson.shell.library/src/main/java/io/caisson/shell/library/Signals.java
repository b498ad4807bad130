package io.caisson.shell.library;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Handles signals sent to this process until it is closed, then gives them back to whoever handled them before. Signals
 * that were ignored when the JVM started, as SIGHUP is under nohup, stay so.
 */
public final class Signals implements AutoCloseable {
    /** The signals a command may handle. */
    public enum Kind {
        /** Hangup: the terminal is gone. */
        HUP(1),
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

    /**
     * The JDK's {@code sun.misc.Signal} (module jdk.unsupported). By name, for javac warns of it; from the boot loader,
     * for frameworks do not offer its package to bundles.
     */
    private record Jdk(Class<?> signal, Class<?> handler, Method handle) {
        static final Jdk INSTANCE = find();

        private static Jdk find() {
            try {
                Class<?> signal = Class.forName("sun.misc.Signal", true, null);
                Class<?> handler = Class.forName("sun.misc.SignalHandler", true, null);
                return new Jdk(signal, handler, signal.getMethod("handle", signal, handler));
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(
                        "this Java cannot handle signals: it lacks the module jdk.unsupported", e);
            }
        }

        /** Installs a handler; returns the one before. */
        Object install(Kind kind, Object replacement) {
            try {
                Object number = signal.getConstructor(String.class).newInstance(kind.name());
                return handle.invoke(null, number, replacement);
            } catch (InvocationTargetException e) {
                throw new IllegalStateException("cannot handle SIG" + kind + ": " + e.getCause(), e.getCause());
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }

        Object handler(Runnable action) {
            return Proxy.newProxyInstance(
                    handler.getClassLoader(),
                    new Class<?>[] {handler},
                    (proxy, method, arguments) -> switch (method.getName()) {
                        case "handle" -> {
                            action.run();
                            yield null;
                        }
                        case "equals" -> proxy == arguments[0];
                        case "hashCode" -> System.identityHashCode(proxy);
                        default -> "handler of signals";
                    });
        }
    }

    private record Replaced(Kind kind, Object before) {}

    private final List<Replaced> replaced = new ArrayList<>();

    private Signals() {}

    /** Calls the handler, on a thread of the JVM's, for each signal of these kinds that arrives. */
    public static Signals handle(Consumer<Kind> handler, Kind... kinds) {
        var signals = new Signals();
        for (Kind kind : kinds) {
            Object before = Jdk.INSTANCE.install(kind, Jdk.INSTANCE.handler(() -> handler.accept(kind)));
            signals.replaced.add(new Replaced(kind, before));
        }
        return signals;
    }

    @Override
    public void close() {
        for (Replaced one : replaced) {
            Jdk.INSTANCE.install(one.kind, one.before);
        }
        replaced.clear();
    }
}
