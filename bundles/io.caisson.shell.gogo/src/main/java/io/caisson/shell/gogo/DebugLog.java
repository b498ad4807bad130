package io.caisson.shell.gogo;

import io.caisson.shell.library.Printable;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.log.LogEntry;
import org.osgi.service.log.LogLevel;
import org.osgi.service.log.LogListener;
import org.osgi.service.log.LogReaderService;
import org.osgi.service.log.admin.LoggerAdmin;

/** What {@code --debug} prints while a command runs: log messages, and when what was reached. */
final class DebugLog implements AutoCloseable {
    /** The logger of those who tell how long the parts of something took, at level DEBUG. */
    private static final String TIMING = "io.caisson.timing";

    private final LogReaderService logs;
    private final PrintStream err;
    private final LogListener printer = this::print;

    /** Begins to print. */
    DebugLog(BundleContext context, LogReaderService logs, PrintStream err) {
        this.logs = logs;
        this.err = err;
        ServiceReference<LoggerAdmin> reference = context.getServiceReference(LoggerAdmin.class);
        LoggerAdmin loggers = reference == null ? null : context.getService(reference);
        if (loggers != null) {
            loggers.getLoggerContext(null).setLogLevels(Map.of(TIMING, LogLevel.DEBUG));
        }
        logs.addLogListener(printer);
        reached("the command begins");
    }

    private void print(LogEntry entry) {
        err.println(Printable.of(entry.getLogLevel() + " " + entry.getLoggerName() + ": " + entry.getMessage()
                + (entry.getException() == null ? "" : ": " + entry.getException())));
    }

    /** Says when that was, counted from the start of this process, which is known to 10 ms. */
    private void reached(String what) {
        ProcessHandle.current().info().startInstant().ifPresent(start -> {
            long millis = Duration.between(start, Instant.now()).toMillis();
            err.println(LogLevel.DEBUG + " " + TIMING + ": " + what + " " + millis + " ms after the process");
        });
    }

    @Override
    public void close() {
        reached("the command has ended");
        logs.removeLogListener(printer);
    }
}
