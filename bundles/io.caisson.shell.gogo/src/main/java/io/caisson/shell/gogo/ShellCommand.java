package io.caisson.shell.gogo;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.shell.library.Arguments;
import io.caisson.shell.library.CommandResult;
import io.caisson.shell.library.CommandSyntax;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.apache.felix.gogo.runtime.SyntaxError;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.CommandSessionListener;
import org.apache.felix.service.command.Converter;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Function;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleEvent;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.SynchronousBundleListener;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** {@code caisson shell}: Gogo with JLine's line editor, in a framework of its own. */
@Component(
        service = ShellCommand.class,
        property = {"osgi.command.scope=system", "osgi.command.function=shell", "caisson.command.short=shell"})
public final class ShellCommand {
    private static final String LINE_EDITOR = "org.apache.felix.gogo.jline";

    /** The framework's own commands: bundles, services, start levels. */
    private static final String FRAMEWORK_COMMANDS = "org.apache.felix.gogo.command";

    private static final String SCOPE = "gogo";

    private static final CommandSyntax SYNTAX = CommandSyntax.builder(
                    "shell", "Open an interactive Gogo shell on all services; bundles can be swapped there")
            .option('c', "command", "SCRIPT", "Execute this Gogo script instead and exit")
            .build();

    private final BundleContext context;

    /** Made by Declarative Services. */
    @Activate
    public ShellCommand(BundleContext context) {
        this.context = context;
    }

    /** Runs the script, or the interactive shell until its user leaves it and the framework stops. */
    @Descriptor("Open an interactive Gogo shell on all services")
    public @Nullable Object shell(CommandSession session, String[] line) throws Exception {
        Arguments arguments = SYNTAX.parse(List.of(line));
        if (arguments.help()) {
            return SYNTAX.help();
        }
        var exit = new ExitCommand();
        var catalog = new CommandCatalog(context);
        // Gogo's shell makes System.exit a command, too.
        register(ExitCommand.class, exit, "exit");
        register(Function.class, new HelpCommand(catalog), "help");
        // What Gogo calls, with the name in front, when there is no such command.
        Function unknown = (current, words) -> {
            throw catalog.unknownInShell(words.getFirst().toString());
        };
        register(Function.class, unknown, "default");
        start(FRAMEWORK_COMMANDS);
        context.registerService(CommandSessionListener.class, new FrameworkCommands(), null);
        if (arguments.value("command").isPresent()) {
            return execute(session, exit, arguments.value("command").get());
        }
        session.getConsole().println("Caisson's shell: leave it with exit or Ctrl-D.");
        session.getConsole().flush();
        interact();
        return CommandResult.exit(exit.status());
    }

    /** Registers a command in the scope that Gogo's shell looks into first, before its own of the same name. */
    private <T> void register(Class<T> type, T command, String name) {
        var properties = Map.of(
                CommandProcessor.COMMAND_SCOPE, SCOPE,
                CommandProcessor.COMMAND_FUNCTION, name,
                Constants.SERVICE_RANKING, 1);
        context.registerService(type, command, FrameworkUtil.asDictionary(properties));
    }

    private void interact() throws BundleException, InterruptedException {
        var stopping = new CountDownLatch(1);
        SynchronousBundleListener listener = event -> {
            if (event.getType() == BundleEvent.STOPPING && event.getBundle().getBundleId() == 0) {
                stopping.countDown();
            }
        };
        context.addBundleListener(listener);
        start(LINE_EDITOR);
        stopping.await();
    }

    private @Nullable Object execute(CommandSession session, ExitCommand exit, String script) throws Exception {
        var converted = Map.of(
                Converter.CONVERTER_CLASSES, new String[] {Bundle.class.getName(), ServiceReference.class.getName()});
        BundleContext framework =
                context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).getBundleContext();
        context.registerService(Converter.class, new BundleConverter(framework), FrameworkUtil.asDictionary(converted));
        session.put("SCOPE", SCOPE + ":*");
        try {
            return session.execute(script);
        } catch (ExitCommand.Exit e) {
            return CommandResult.exit(exit.status());
        } catch (Exception e) {
            if (isScriptsFault(e)) {
                throw new CaissonException(
                        ErrorKind.INVALID_ARGUMENT,
                        "the script fails: " + FrameworkCommands.inWords(String.valueOf(e.getMessage())),
                        e);
            }
            throw e;
        }
    }

    /** What Gogo throws, and what commands throw at wrong arguments; commands' other failures speak for themselves. */
    private static boolean isScriptsFault(Exception failure) {
        return failure instanceof IOException
                || failure instanceof SyntaxError
                || failure instanceof IllegalArgumentException
                || failure.getClass() == RuntimeException.class;
    }

    private void start(String symbolicName) throws BundleException {
        for (Bundle bundle : context.getBundles()) {
            if (symbolicName.equals(bundle.getSymbolicName())) {
                bundle.start(Bundle.START_TRANSIENT);
                return;
            }
        }
        throw new CaissonException(ErrorKind.UNAVAILABLE, "no shell: bundle " + symbolicName + " is not installed");
    }
}
