package io.caisson.shell.gogo;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.shell.library.Arguments;
import io.caisson.shell.library.CommandSyntax;
import java.io.EOFException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.apache.felix.gogo.runtime.SyntaxError;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleEvent;
import org.osgi.framework.BundleException;
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
        start(FRAMEWORK_COMMANDS);
        if (arguments.value("command").isPresent()) {
            return execute(session, arguments.value("command").get());
        }
        var stopping = new CountDownLatch(1);
        SynchronousBundleListener listener = event -> {
            if (event.getType() == BundleEvent.STOPPING && event.getBundle().getBundleId() == 0) {
                stopping.countDown();
            }
        };
        context.addBundleListener(listener);
        start(LINE_EDITOR);
        stopping.await();
        return null;
    }

    private static @Nullable Object execute(CommandSession session, String script) throws Exception {
        try {
            return session.execute(script);
        } catch (EOFException | SyntaxError | IllegalArgumentException e) {
            throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "the script fails: " + e.getMessage(), e);
        }
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
