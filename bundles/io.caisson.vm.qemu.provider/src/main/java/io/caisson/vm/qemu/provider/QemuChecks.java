package io.caisson.vm.qemu.provider;

import io.caisson.host.linux.ffm.HostInfo;
import io.caisson.host.linux.ffm.Memfd;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.HostCheck.Result;
import io.caisson.service.api.HostCheck.Status;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What {@code system doctor} shows of QEMU. */
final class QemuChecks {
    private static final String KVM = "/dev/kvm";

    private final QemuHost host;
    private final boolean timeStampCounter;

    /**
     * The checks.
     *
     * @param host what to check
     * @param timeStampCounter whether the host's time stamp counter is good for clocks
     */
    QemuChecks(QemuHost host, boolean timeStampCounter) {
        this.host = host;
        this.timeStampCounter = timeStampCounter;
    }

    List<Result> run() throws InterruptedException {
        var results = new ArrayList<Result>();
        // Without native access only what needs none can be looked at; that it is missing, others say.
        boolean nativeAccess = HostInfo.nativeAccess().available();
        Optional<QemuProgram> program = host.program();
        if (program.isEmpty()) {
            results.add(fail("QEMU", host.absence(), QemuHost.INSTALL));
        } else {
            qemu(program.get(), nativeAccess, results);
        }
        if (nativeAccess) {
            results.add(sharedMemory());
            results.add(clock());
        }
        return results;
    }

    private void qemu(QemuProgram program, boolean canTry, List<Result> results) throws InterruptedException {
        try {
            results.add(ok("QEMU", program.path() + ", version " + host.version(program)));
        } catch (CaissonException e) {
            results.add(fail("QEMU", e.getMessage(), "install QEMU " + QemuVersion.OLDEST + " or newer"));
            return;
        }
        if (canTry) {
            results.add(acceleration(host.acceleration(program), host.obstacleToKvm()));
        }
    }

    static Result acceleration(Acceleration acceleration, Optional<KvmObstacle> obstacle) {
        if (acceleration.kind() == Acceleration.Kind.KVM) {
            return ok(KVM, acceleration.reason());
        }
        return new Result(
                KVM,
                Status.WARN,
                acceleration.reason() + ": guests are translated",
                obstacle.map(KvmObstacle::remedy).orElse("nothing to mend here: containers run, slower"));
    }

    private static Result sharedMemory() {
        try (Memfd _ = GuestMemoryFile.of("caisson-check", 1, out -> out.write(0))) {
            return ok("shared memory", "sealed memory files (memfd) work");
        } catch (IOException e) {
            return fail(
                    "shared memory", String.valueOf(e.getMessage()), "allow memfd_create(2) with sealing (Linux 3.17)");
        }
    }

    private Result clock() {
        return timeStampCounter
                ? ok("time stamp counter", "steady")
                : new Result(
                        "time stamp counter",
                        Status.WARN,
                        "the kernel does not trust it, so translated guests measure their clocks: they start later",
                        "nothing to mend: containers run, translated ones start later");
    }

    private static Result ok(String subject, String finding) {
        return new Result(subject, Status.OK, finding, "");
    }

    private static Result fail(String subject, String finding, String remedy) {
        return new Result(subject, Status.FAIL, finding, remedy);
    }
}
