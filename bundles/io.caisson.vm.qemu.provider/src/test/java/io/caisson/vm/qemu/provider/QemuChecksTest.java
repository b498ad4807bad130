package io.caisson.vm.qemu.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.service.api.HostCheck.Result;
import io.caisson.service.api.HostCheck.Status;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class QemuChecksTest {
    @ParameterizedTest
    @EnumSource
    void whateverStandsInKvmsWayHasARemedyOfItsOwn(KvmObstacle obstacle) {
        Result result = QemuChecks.acceleration(Acceleration.tcg(obstacle.reason()), Optional.of(obstacle));
        assertEquals(
                new Result("/dev/kvm", Status.WARN, obstacle.reason() + ": guests are translated", obstacle.remedy()),
                result);
        assertFalse(result.remedy().isEmpty());
    }

    @Test
    void saysThatThereIsNothingToMendWhereKvmIsThereAndDoesNotWork() {
        Result result = QemuChecks.acceleration(Acceleration.tcg("KVM does not execute guest code"), Optional.empty());
        assertEquals(Status.WARN, result.status());
        assertTrue(result.remedy().startsWith("nothing to mend"), result.remedy());
        assertEquals(
                new Result("/dev/kvm", Status.OK, "KVM works", ""),
                QemuChecks.acceleration(Acceleration.kvm("KVM works"), Optional.empty()));
    }

    @Test
    void leavesWhatEveryPartNeedsToOthersAndCountsNoBytes() throws Exception {
        var host = new QemuHost(new Microvm(), null, "/no/such/qemu", NoLogger.get());
        List<Result> results = new QemuChecks(host, false).run();
        assertEquals(
                List.of("QEMU", "shared memory", "time stamp counter"),
                results.stream().map(Result::subject).toList());
        assertEquals(new Result("shared memory", Status.OK, "sealed memory files (memfd) work", ""), results.get(1));
        for (Result result : results) {
            assertEquals(result.status() == Status.OK, result.remedy().isEmpty(), result::toString);
        }
    }
}
