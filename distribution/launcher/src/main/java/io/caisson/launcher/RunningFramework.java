package io.caisson.launcher;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.ToIntFunction;
import org.apache.felix.framework.FrameworkFactory;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceEvent;
import org.osgi.framework.ServiceListener;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.startlevel.BundleStartLevel;
import org.osgi.framework.wiring.FrameworkWiring;

/** A Felix framework that runs the distribution's bundles. */
final class RunningFramework implements AutoCloseable {
    /** The service that takes the command line: arguments in, exit status out. A JDK type, so no class is shared. */
    private static final String COMMAND_LINE =
            "(&(" + Constants.OBJECTCLASS + "=" + ToIntFunction.class.getName() + ")(caisson.commandline=true))";

    private static final long START_SECONDS = 20;
    private static final long STOP_MILLIS = 20_000;

    private final Framework framework;

    private RunningFramework(Framework framework) {
        this.framework = framework;
    }

    /** Installs the distribution's bundles into an empty storage; no bundle runs. */
    static void install(Distribution distribution, Path storage)
            throws BundleException, LaunchException, InterruptedException {
        List<FeatureBundle> bundles = distribution.bundles();
        for (FeatureBundle bundle : bundles) {
            if (!Files.isReadable(bundle.jar())) {
                throw new LaunchException("the distribution is incomplete: there is no " + bundle.jar());
            }
        }
        var properties = new HashMap<String, String>();
        properties.put(Constants.FRAMEWORK_STORAGE, storage.toString());
        properties.put("felix.cache.locking", "false");
        Framework framework = new FrameworkFactory().newFramework(properties);
        framework.init();
        try {
            var installed = new ArrayList<Bundle>();
            for (FeatureBundle bundle : bundles) {
                // By reference: the storage holds no copies of the jars.
                Bundle added = framework
                        .getBundleContext()
                        .installBundle("reference:" + bundle.jar().toUri());
                if (bundle.start()) {
                    installed.add(added);
                }
            }
            // The framework does not run yet, so this only records that they are to be started.
            for (Bundle bundle : installed) {
                if (bundle.getHeaders().get(Constants.FRAGMENT_HOST) == null) {
                    bundle.start(Bundle.START_ACTIVATION_POLICY);
                }
            }
        } finally {
            framework.stop();
            framework.waitForStop(STOP_MILLIS);
        }
    }

    static RunningFramework start(Distribution distribution, Path home, Storage storage) throws BundleException {
        Map<String, String> properties = new HashMap<>();
        var configured = distribution.frameworkProperties();
        for (String name : configured.stringPropertyNames()) {
            properties.put(name, configured.getProperty(name));
        }
        properties.put(Constants.FRAMEWORK_STORAGE, storage.directory().toString());
        properties.put("felix.cache.locking", "false");
        properties.put("felix.log.level", "1");
        properties.put("ds.loglevel", "1");
        properties.put("caisson.home", home.toString());
        properties.put("caisson.images", distribution.root().resolve("images").toString());
        Framework framework = new FrameworkFactory().newFramework(properties);
        framework.init();
        resolve(framework);
        framework.start();
        return new RunningFramework(framework);
    }

    /**
     * Resolves all bundles that are to be started at once, as the framework would one after the other, each time with
     * the whole of its resolver: that takes a third of a cold start's processor time. What does not resolve here does
     * not start either, and is told about then.
     */
    private static void resolve(Framework framework) {
        var bundles = new ArrayList<Bundle>();
        for (Bundle bundle : framework.getBundleContext().getBundles()) {
            var level = bundle.adapt(BundleStartLevel.class);
            if (level != null && level.isPersistentlyStarted()) {
                bundles.add(bundle);
            }
        }
        framework.adapt(FrameworkWiring.class).resolveBundles(bundles);
    }

    /** Hands the arguments to the command line service and returns its exit status. */
    int execute(String[] arguments) throws LaunchException, InterruptedException {
        BundleContext context = framework.getBundleContext();
        ServiceReference<?> reference = awaitCommandLine(context);
        @SuppressWarnings("unchecked")
        var commandLine = (ToIntFunction<String[]>) context.getService(reference);
        if (commandLine == null) {
            throw new LaunchException("the command line service went away");
        }
        return commandLine.applyAsInt(arguments);
    }

    private ServiceReference<?> awaitCommandLine(BundleContext context) throws LaunchException, InterruptedException {
        var found = new CompletableFuture<ServiceReference<?>>();
        ServiceListener listener = event -> {
            if (event.getType() == ServiceEvent.REGISTERED) {
                found.complete(event.getServiceReference());
            }
        };
        try {
            context.addServiceListener(listener, COMMAND_LINE);
            ServiceReference<?>[] present = context.getAllServiceReferences(null, COMMAND_LINE);
            if (present != null) {
                return present[0];
            }
            return found.get(START_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new LaunchException("no bundle offers a command line" + unresolved(context), e);
        } catch (ExecutionException | InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        } finally {
            context.removeServiceListener(listener);
        }
    }

    /** What the bundles that should run but do not are missing. */
    private static String unresolved(BundleContext context) {
        var text = new StringBuilder();
        for (Bundle bundle : context.getBundles()) {
            if (bundle.getState() == Bundle.INSTALLED) {
                try {
                    bundle.start(Bundle.START_TRANSIENT);
                } catch (BundleException e) {
                    text.append("\n  ").append(e.getMessage());
                }
            }
        }
        return text.toString();
    }

    /** Stops the framework and with it every sandbox, an interrupt notwithstanding. Idempotent. */
    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        try {
            framework.stop();
            interrupted |= !stopped();
            if (interrupted) {
                stopped();
            }
        } catch (BundleException e) {
            throw new IllegalStateException("the framework does not stop", e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Waits for the framework's end; false when interrupted. */
    private boolean stopped() {
        try {
            framework.waitForStop(STOP_MILLIS);
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }
}
