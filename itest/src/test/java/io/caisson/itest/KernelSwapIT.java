package io.caisson.itest;

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
        return Embedded.features(KernelSwapIT.class);
    }

    @Test
    public void aRunningContainerOutlivesItsKernelsProviderAndTheNextTakesAnother() throws Exception {
        new KernelSwap(context, containers).run();
    }
}
