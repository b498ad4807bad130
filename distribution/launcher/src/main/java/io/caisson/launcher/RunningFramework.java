package io.caisson.launcher;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.ToIntFunction;
import org.apache.felix.framework.FrameworkFactory;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceEvent;
import org.osgi.framework.ServiceListener;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.startlevel.BundleStartLevel;
import org.osgi.framework.startlevel.FrameworkStartLevel;
import org.osgi.framework.wiring.FrameworkWiring;

/** A Felix framework that runs the distribution's bundles. */
final class RunningFramework implements AutoCloseable {
    /** The service that takes the command line: arguments in, exit status out. A JDK type, so no class is shared. */
    private static final String COMMAND_LINE =
            "(&(" + Constants.OBJECTCLASS + "=" + ToIntFunction.class.getName() + ")(caisson.commandline=true))";

    private static final long START_SECONDS = 20;
    private static final long STOP_MILLIS = 20_000;

    /** That of the first feature's bundles, on which those of all others stand. */
    private static final int FOUNDATION = 1;

    private final Framework framework;
    private final boolean shared;

    private RunningFramework(Framework framework, boolean shared) {
        this.framework = framework;
        this.shared = shared;
    }

    /** Installs the distribution's bundles into an empty storage, each feature's at a start level of its own. */
    static void install(Distribution distribution, Path storage)
            throws BundleException, LaunchException, InterruptedException {
        List<List<FeatureBundle>> features = distribution.bundles();
        for (List<FeatureBundle> bundles : features) {
            for (FeatureBundle bundle : bundles) {
                if (!Files.isReadable(bundle.jar())) {
                    throw new LaunchException("the distribution is incomplete: there is no " + bundle.jar());
                }
            }
        }
        var properties = new HashMap<String, String>();
        properties.put(Constants.FRAMEWORK_STORAGE, storage.toString());
        properties.put("felix.cache.locking", "false");
        Framework framework = new FrameworkFactory().newFramework(properties);
        framework.init();
        try {
            int level = FOUNDATION;
            for (List<FeatureBundle> bundles : features) {
                for (FeatureBundle bundle : bundles) {
                    install(framework.getBundleContext(), bundle, level);
                }
                level++;
            }
        } finally {
            framework.stop();
            framework.waitForStop(STOP_MILLIS);
        }
    }

    private static void install(BundleContext context, FeatureBundle bundle, int level) throws BundleException {
        // By reference: the storage holds no copies of the jars.
        Bundle installed = context.installBundle("reference:" + bundle.jar().toUri());
        installed.adapt(BundleStartLevel.class).setStartLevel(level);
        if (bundle.start() && installed.getHeaders().get(Constants.FRAGMENT_HOST) == null) {
            // The framework does not run yet, so this only records that it is to be started.
            installed.start(Bundle.START_ACTIVATION_POLICY);
        }
    }

    /**
     * Starts all bundles in a storage they were just installed into and stops them. What they keep there for their next
     * start is there then: Declarative Services keeps what it has read from component descriptions.
     */
    static void rehearse(Distribution distribution, Path home, Path storage) throws BundleException {
        Framework framework = launch(distribution, home, storage, true);
        new RunningFramework(framework, false).close();
    }

    /** Starts all bundles. */
    static RunningFramework start(Distribution distribution, Path home, Storage storage) throws BundleException {
        return new RunningFramework(
                launch(distribution, home, storage.directory(), storage.isShared()), storage.isShared());
    }

    private static Framework launch(Distribution distribution, Path home, Path storage, boolean shared)
            throws BundleException {
        Map<String, String> properties = new HashMap<>();
        properties.put("felix.log.level", "1");
        properties.put("ds.loglevel", "1");
        // Handing its work to other threads takes the resolver longer than doing it.
        properties.put("felix.resolver.parallelism", "1");
        // Services that handle URLs (OSGi Core 8, chapter 52) are for the shell, where bundles are installed.
        properties.put("felix.service.urlhandlers", Boolean.toString(!shared));
        properties.put("ds.cache.metadata", Boolean.toString(shared));
        var configured = distribution.frameworkProperties();
        for (String name : configured.stringPropertyNames()) {
            properties.put(name, configured.getProperty(name));
        }
        properties.put(Constants.FRAMEWORK_STORAGE, storage.toString());
        properties.put(Constants.FRAMEWORK_BEGINNING_STARTLEVEL, Integer.toString(distribution.featureCount()));
        properties.put("felix.cache.locking", "false");
        properties.put("caisson.home", home.toString());
        properties.put("caisson.images", distribution.root().resolve("images").toString());
        Framework framework = new FrameworkFactory().newFramework(properties);
        framework.init();
        resolve(framework);
        framework.start();
        return framework;
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

    /**
     * Stops all bundles, and with them every sandbox, an interrupt notwithstanding. Idempotent. The foundation of one that
     * shares its storage goes on: it has nothing to end, and would write to the storage when it stops.
     */
    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        try {
            interrupted |= shared ? lowered() : stopped();
        } catch (BundleException e) {
            throw new IllegalStateException("the framework does not stop", e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Stops the bundles above the foundation; true when interrupted meanwhile, which does not shorten the wait. */
    private boolean lowered() {
        var lowered = new CountDownLatch(1);
        framework.adapt(FrameworkStartLevel.class).setStartLevel(FOUNDATION, event -> {
            if (event.getType() == FrameworkEvent.STARTLEVEL_CHANGED) {
                lowered.countDown();
            }
        });
        return uninterruptibly(() -> lowered.await(STOP_MILLIS, TimeUnit.MILLISECONDS));
    }

    /** Stops the framework; true when interrupted meanwhile, which does not shorten the wait. */
    private boolean stopped() throws BundleException {
        framework.stop();
        return uninterruptibly(() -> framework.waitForStop(STOP_MILLIS));
    }

    private interface Wait {
        void run() throws InterruptedException;
    }

    /** Waits; after an interrupt once more. */
    private static boolean uninterruptibly(Wait wait) {
        try {
            wait.run();
            return false;
        } catch (InterruptedException first) {
            try {
                wait.run();
            } catch (InterruptedException second) {
                return true;
            }
            return true;
        }
    }
}
