package io.caisson.system.gogo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.caisson.service.api.Availability;
import io.caisson.service.api.HostCheck.Result;
import io.caisson.service.api.HostCheck.Status;
import org.junit.jupiter.api.Test;

class RuntimeCheckTest {
    @Test
    void nativeAccessIsEnabledOrToleratedOrRefused() {
        assertEquals(
                new Result("native access", Status.OK, "enabled", ""),
                RuntimeCheck.nativeAccess(true, Availability.yes()));
        assertEquals(
                Status.WARN,
                RuntimeCheck.nativeAccess(false, Availability.yes()).status());
        assertEquals(
                new Result("native access", Status.FAIL, "refused", "allow it"),
                RuntimeCheck.nativeAccess(false, Availability.no("refused", "allow it")));
    }
}
