package io.caisson.shell.gogo;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.shell.library.Arguments;
import io.caisson.shell.library.CommandSyntax;
import java.util.List;
import java.util.concurrent.CountDownLatch;
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
        if (arguments.value("command").isPresent()) {
            return session.execute(arguments.value("command").get());
        }
        var stopping = new CountDownLatch(1);
        SynchronousBundleListener listener = event -> {
            if (event.getType() == BundleEvent.STOPPING && event.getBundle().getBundleId() == 0) {
                stopping.countDown();
            }
        };
        context.addBundleListener(listener);
        lineEditor().start(Bundle.START_TRANSIENT);
        stopping.await();
        return null;
    }

    private Bundle lineEditor() throws BundleException {
        for (Bundle bundle : context.getBundles()) {
            if (LINE_EDITOR.equals(bundle.getSymbolicName())) {
                return bundle;
            }
        }
        throw new CaissonException(
                ErrorKind.UNAVAILABLE,
                "no interactive shell: bundle " + LINE_EDITOR + " is not installed (shell --command SCRIPT works)");
    }
}
