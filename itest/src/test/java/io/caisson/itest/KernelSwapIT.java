package io.caisson.itest;

import static org.ops4j.pax.exam.CoreOptions.composite;
import static org.ops4j.pax.exam.CoreOptions.junitBundles;
import static org.ops4j.pax.exam.CoreOptions.options;

import io.caisson.container.api.ContainerService;
import javax.inject.Inject;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;

/** Kernel providers come and go while a container runs. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class KernelSwapIT {
    @Inject
    BundleContext context;

    @Inject
    ContainerService containers;

    /** The features, without Caisson's launcher. */
    @Configuration
    public Option[] features() {
        return options(
                Embedded.properties(),
                composite(Features.install("caisson-runtime", "caisson-containers")),
                junitBundles());
    }

    @Test
    public void aRunningContainerOutlivesItsKernelsProviderAndTheNextTakesAnother() throws Exception {
        new KernelSwap(context, containers).run();
    }
}
