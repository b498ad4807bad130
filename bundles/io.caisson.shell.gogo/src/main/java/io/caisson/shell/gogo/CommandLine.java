package io.caisson.shell.gogo;

import io.caisson.service.api.CaissonException;
import io.caisson.shell.library.CommandException;
import io.caisson.shell.library.CommandResult;
import io.caisson.shell.library.Listing;
import io.caisson.shell.library.PartialFailure;
import io.caisson.shell.library.Printable;
import io.caisson.shell.library.Signals;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileLockInterruptionException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToIntFunction;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.osgi.service.log.LogReaderService;

/**
 * {@code caisson NOUN VERB …} and {@code caisson VERB …} from the operating system's shell: finds the Gogo command,
 * runs it on the calling thread, prints what it returns, and says by the exit status how it went. SIGINT,
 * SIGTERM and SIGHUP interrupt the command, which undoes what it began.
 */
@Component(service = ToIntFunction.class, property = "caisson.commandline=true")
public final class CommandLine implements ToIntFunction<String[]> {
    /** Caisson's own failures, apart from those of the container's process. */
    private static final int FAILURE = 125;

    /** The end of a writer to a closed pipe, as shells report it. */
    private static final int BROKEN_PIPE = 128 + 13;

    private final BundleContext context;
    private final CommandProcessor processor;
    private final LogReaderService logs;
    private final CommandCatalog catalog;

    /** Made by Declarative Services. */
    @Activate
    public CommandLine(
            BundleContext context,
            @Reference(policyOption = ReferencePolicyOption.GREEDY) CommandProcessor processor,
            @Reference(policyOption = ReferencePolicyOption.GREEDY) LogReaderService logs) {
        this.context = context;
        this.processor = processor;
        this.logs = logs;
        this.catalog = new CommandCatalog(context);
    }

    /** Runs one command line; returns its exit status. */
    @Override
    public int applyAsInt(String[] arguments) {
        // Descriptors, not System.out: Gogo has put streams of its own in their place by now.
        var in = new FileInputStream(FileDescriptor.in);
        var output = new StandardOutput();
        var out = new PrintStream(output, false, StandardCharsets.UTF_8);
        var err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        var words = new ArrayList<>(List.of(arguments));
        boolean debug = !words.isEmpty() && words.getFirst().equals("--debug");
        if (debug) {
            words.removeFirst();
        }
        try (var _ = debug ? new DebugLog(context, logs, err) : null) {
            int status = run(words, in, out, err, debug);
            out.flush();
            return judged(status, output, err);
        }
    }

    /** What was not written is a failure, too, if not of a command that was told to end or failed by itself. */
    private static int judged(int status, StandardOutput output, PrintStream err) {
        if (output.failure().isEmpty() || (status != 0 && status != BROKEN_PIPE)) {
            return status;
        }
        if (output.isUnread()) {
            return BROKEN_PIPE;
        }
        err.println("caisson: cannot write to standard output: "
                + output.failure().get().getMessage());
        return FAILURE;
    }

    private int run(List<String> words, InputStream in, PrintStream out, PrintStream err, boolean debug) {
        var signal = new AtomicInteger();
        Thread command = Thread.currentThread();
        try (var session = processor.createSession(in, out, err);
                var _ = Signals.handle(
                        kind -> {
                            signal.set(kind.number());
                            command.interrupt();
                        },
                        Signals.Kind.INT,
                        Signals.Kind.TERM,
                        Signals.Kind.HUP)) {
            return print(execute(session, words), out);
        } catch (Exception e) {
            if (signal.get() != 0 || isInterruption(e)) {
                // Whoever sent the signal knows why the command ends; what broke on the way is of no interest.
                if (debug) {
                    e.printStackTrace(err);
                }
                return 128 + (signal.get() == 0 ? Signals.Kind.INT.number() : signal.get());
            }
            return failed(e, out, err, debug);
        }
    }

    private static int failed(Exception failure, PrintStream out, PrintStream err, boolean debug) {
        switch (failure) {
            case PartialFailure e -> {
                print(e.done(), out);
                e.failures().forEach(each -> report(each, err, debug));
            }
            case CommandException e -> {
                report(e, err, debug);
                return e.status();
            }
            case CaissonException e -> report(e, err, debug);
            default -> {
                err.println("caisson: internal error: " + failure);
                failure.printStackTrace(err);
            }
        }
        return FAILURE;
    }

    /** Whether a thread was interrupted, by the launcher when the JVM is to end: not every step says so itself. */
    private static boolean isInterruption(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof InterruptedException
                    || cause instanceof ClosedByInterruptException
                    || cause instanceof FileLockInterruptionException) {
                return true;
            }
        }
        return false;
    }

    private @Nullable Object execute(CommandSession session, List<String> words) throws Exception {
        if (words.isEmpty() || isHelp(words.getFirst())) {
            return catalog.overview();
        }
        String first = words.getFirst();
        if (first.equals("--version")) {
            return catalog.version();
        }
        if (first.equals("help")) {
            return words.size() == 1 ? catalog.overview() : explain(session, words.subList(1, words.size()));
        }
        if (words.size() > 1 && isHelp(words.get(1)) && catalog.isNoun(first)) {
            return catalog.overview(first);
        }
        return call(session, words, catalog.find(words));
    }

    private static boolean isHelp(String word) {
        return word.equals("--help") || word.equals("-h");
    }

    private @Nullable Object explain(CommandSession session, List<String> words) throws Exception {
        if (words.size() == 1 && catalog.isNoun(words.getFirst())) {
            return catalog.overview(words.getFirst());
        }
        CommandCatalog.Match match = catalog.find(words);
        var asked = new ArrayList<>(words.subList(0, match.words()));
        asked.add("--help");
        return call(session, asked, match);
    }

    private @Nullable Object call(CommandSession session, List<String> words, CommandCatalog.Match match)
            throws Exception {
        if (!(session.get(match.scope() + ":" + match.function()) instanceof Function function)) {
            throw catalog.unknown(words);
        }
        return function.execute(session, new ArrayList<>(words.subList(match.words(), words.size())));
    }

    private static int print(@Nullable Object result, PrintStream out) {
        switch (result) {
            case null -> {}
            case String text when text.isEmpty() -> {}
            case CommandResult outcome -> {
                print(outcome.value(), out);
                return outcome.status();
            }
            case Listing listing -> out.println(listing.render(TerminalWidth.columns()));
            default -> out.println(result);
        }
        return 0;
    }

    private static void report(RuntimeException failure, PrintStream err, boolean debug) {
        // One line, and not in the hands of whoever wrote what went wrong.
        err.println("caisson: " + Printable.of(String.valueOf(failure.getMessage())));
        if (debug) {
            failure.printStackTrace(err);
        }
    }
}
