package io.caisson.itest;

import static org.junit.Assert.assertEquals;

import io.caisson.container.api.ContainerService;
import javax.inject.Inject;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;

/** The features in a bare Felix, without Caisson's launcher. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class EmbeddedIT {
    @Inject
    ContainerService containers;

    /** The features, without the shell. */
    @Configuration
    public Option[] features() {
        return Embedded.features(EmbeddedIT.class);
    }

    @Test
    public void runsAContainerAndLeavesNothingBehind() throws Exception {
        var leaks = LeakCheck.begin();
        assertEquals(new Run(0, "hello\n"), Run.container(containers, "echo", "hello"));
        assertEquals(new Run(7, ""), Run.container(containers, "sh", "-c", "exit 7"));
        leaks.end();
    }
}
