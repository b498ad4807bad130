package io.caisson.host.linux.ffm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class TimeStampCounterTest {
    @Test
    void independentMeasurementsAgreeToWithinTheErrorPromised() throws Exception {
        Optional<TimeStampCounter> counter = TimeStampCounter.observe();
        Assumptions.assumeTrue(counter.isPresent(), "the host has no time stamp counter that its kernel trusts");
        long first = counter.get().kilohertz();
        long second = TimeStampCounter.observe().orElseThrow().kilohertz();

        assertTrue(first > 100_000 && first < 20_000_000, first + " kHz");
        assertTrue(Math.abs(first - second) * 1_000_000.0 / first <= 200, first + " and " + second + " kHz");
        assertEquals(first, counter.get().kilohertz(), "measured once");
    }

    @Test
    void isEmptyExactlyWhereTheKernelDoesNotTrustTheCounter() throws Exception {
        String sources =
                Files.readString(Path.of("/sys/devices/system/clocksource/clocksource0/available_clocksource"));
        boolean trusted = Architecture.HOST == Architecture.X86_64
                && List.of(sources.strip().split(" ")).contains("tsc");
        assertEquals(trusted, TimeStampCounter.observe().isPresent());
    }
}
