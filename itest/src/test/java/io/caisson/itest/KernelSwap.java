package io.caisson.itest;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import io.caisson.container.api.Container;
import io.caisson.container.api.ContainerService;
import io.caisson.kernel.api.KernelProvider;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** The steps of {@link KernelSwapIT}, in the framework. */
final class KernelSwap {
    private static final String ARGUMENT = "example.kernel=1";

    private final BundleContext context;
    private final ContainerService containers;

    KernelSwap(BundleContext context, ContainerService containers) {
        this.context = context;
        this.containers = containers;
    }

    void run() throws Exception {
        var leaks = LeakCheck.begin();
        Bundle bundled = bundle("io.caisson.kernel.bundled.provider");
        Path image = context.getService(context.getServiceReference(KernelProvider.class))
                .kernel()
                .image();
        System.setProperty("example.kernel.image", image.toString());
        Bundle example = context.installBundle(
                Path.of(System.getProperty("caisson.example.kernel")).toUri().toString());
        try (Container running = Run.create(containers, true, "cat")) {
            running.init().start();
            assertEquals("default", running.info().providers().get("kernel"));

            bundled.stop();
            stillServes(running);
            bundled.start();
            bundled.update();
            stillServes(running);

            example.start();
            Run next = Run.container(containers, "cat", "/proc/cmdline");
            assertTrue(next.output(), next.output().contains(ARGUMENT));
            stillServes(running);

            example.stop();
            Run afterwards = Run.container(containers, "cat", "/proc/cmdline");
            assertTrue(afterwards.output(), !afterwards.output().contains(ARGUMENT));

            bundled.uninstall();
            stillServes(running);
            finishes(running);
        } finally {
            example.uninstall();
        }
        leaks.end();
    }

    private static void stillServes(Container running) throws Exception {
        assertEquals(new Run(0, "alive\n"), Run.exec(running, "echo", "alive"));
    }

    private static void finishes(Container running) throws Exception {
        running.init().stdin().write("to the end\n".getBytes(StandardCharsets.UTF_8));
        running.init().stdin().close();
        assertEquals(new Run(0, "to the end\n"), Run.finish(running.init()));
    }

    private Bundle bundle(String symbolicName) {
        for (Bundle bundle : context.getBundles()) {
            if (symbolicName.equals(bundle.getSymbolicName())) {
                return bundle;
            }
        }
        throw new AssertionError("no bundle " + symbolicName);
    }
}
