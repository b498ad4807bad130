package io.caisson.vm.qemu.provider;

import io.caisson.host.linux.ffm.HostInfo;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.Platform;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.osgi.service.log.Logger;

/**
 * What this host has for one type of machine: which QEMU, of which version, and how it executes guest code best. What
 * takes long to find out is found out when it is first needed and kept, in memory and in a file.
 */
final class QemuHost {
    /** What a person can do when there is no QEMU. */
    static final String INSTALL = "install it: apt install qemu-system-x86";

    private static final Path KVM = Path.of("/dev/kvm");
    private static final long WHOLE_BOOT = Long.MAX_VALUE;
    private static final Duration DOUBT = Duration.ofHours(1);
    private static final Duration VERSION_TIMEOUT = Duration.ofSeconds(10);
    private static final int LONGEST_VERSION = 4096;

    private final MachineType type;
    private final @Nullable Path file;
    private final @Nullable String configured;
    private final Logger logger;
    private @Nullable Findings findings;

    /**
     * A host.
     *
     * @param type of machine
     * @param file where findings are kept; null: nowhere
     * @param configured the path of the QEMU to use; null: search for it
     */
    QemuHost(MachineType type, @Nullable Path file, @Nullable String configured, Logger logger) {
        this.type = type;
        this.file = file;
        this.configured = configured;
        this.logger = logger;
    }

    /** The QEMU there is now. Takes microseconds. */
    Optional<QemuProgram> program() {
        String path = System.getenv("PATH");
        return QemuProgram.find(type.program(), configured, path == null ? "" : path);
    }

    /** Why there is no QEMU. */
    String absence() {
        return configured != null
                ? "the QEMU that is configured, " + configured + ", is no executable file"
                : "there is no " + type.program() + " on this host";
    }

    /**
     * The version of a QEMU.
     *
     * @throws CaissonException UNAVAILABLE when it does not tell or is too old
     */
    synchronized QemuVersion version(QemuProgram program) throws InterruptedException {
        return known(program).version();
    }

    /** The version, where it is known without running QEMU. */
    synchronized Optional<QemuVersion> knownVersion(QemuProgram program) {
        Findings known = findings;
        return known != null && known.program().equals(program) ? Optional.of(known.version()) : Optional.empty();
    }

    /**
     * How this QEMU is to execute guest code. The first time in a boot of the host this tries KVM, which takes up to
     * {@link AccelerationTrial#LIMIT}; others wait meanwhile.
     */
    synchronized Acceleration acceleration(QemuProgram program) throws InterruptedException {
        Optional<KvmObstacle> obstacle = obstacleToKvm();
        if (obstacle.isPresent()) {
            return Acceleration.tcg(obstacle.get().reason());
        }
        Findings known = known(program);
        Findings.Trial trial = known.trial();
        try {
            String bootId = HostInfo.bootId();
            if (trial == null || !trial.bootId().equals(bootId) || trial.validUntil() < System.currentTimeMillis()) {
                trial = tryKvm(program, bootId);
                keep(known.with(trial));
            }
        } catch (IOException e) {
            logger.warn("cannot find out whether KVM works here, so guest code is translated", e);
            return Acceleration.tcg("KVM cannot be tried: " + e.getMessage());
        }
        return trial.works() ? Acceleration.kvm("KVM " + trial.finding()) : Acceleration.tcg("KVM " + trial.finding());
    }

    /** Why KVM is out of the question; empty when it is not. */
    Optional<KvmObstacle> obstacleToKvm() {
        if (!Platform.host().architecture().equals(type.architecture())) {
            return Optional.of(KvmObstacle.OTHER_ARCHITECTURE);
        }
        if (!Files.exists(KVM)) {
            return Optional.of(KvmObstacle.ABSENT);
        }
        if (!Files.isReadable(KVM) || !Files.isWritable(KVM)) {
            return Optional.of(KvmObstacle.INACCESSIBLE);
        }
        return Optional.empty();
    }

    private Findings.Trial tryKvm(QemuProgram program, String bootId) throws IOException, InterruptedException {
        AccelerationTrial.Result result =
                new AccelerationTrial(program.path(), type).run(Acceleration.Kind.KVM, AccelerationTrial.LIMIT);
        boolean slow = result.outcome() == AccelerationTrial.Outcome.SLOW;
        return new Findings.Trial(
                bootId,
                result.outcome() == AccelerationTrial.Outcome.GOOD,
                result.outcome() == AccelerationTrial.Outcome.BROKEN
                        ? "does not execute guest code: " + result.finding()
                        : result.finding(),
                slow ? System.currentTimeMillis() + DOUBT.toMillis() : WHOLE_BOOT);
    }

    private Findings known(QemuProgram program) throws InterruptedException {
        Findings known = findings;
        if (known == null || !known.program().equals(program)) {
            known = file == null ? null : Findings.read(file).orElse(null);
            if (known == null || !known.program().equals(program)) {
                known = new Findings(program, askVersion(program), null);
                keep(known);
            }
            findings = known;
        }
        if (known.version().isOlderThan(QemuVersion.OLDEST)) {
            throw new CaissonException(
                    ErrorKind.UNAVAILABLE,
                    program.path() + " is QEMU " + known.version() + ", and " + QemuVersion.OLDEST
                            + " or newer is needed");
        }
        return known;
    }

    private void keep(Findings found) {
        findings = found;
        if (file != null) {
            try {
                found.write(file);
            } catch (IOException e) {
                logger.warn(
                        "cannot keep what was found out about QEMU in {}; every command finds it out again", file, e);
            }
        }
    }

    private static QemuVersion askVersion(QemuProgram program) throws InterruptedException {
        Process process = null;
        try {
            process = new ProcessBuilder(program.path().toString(), "--version")
                    .redirectErrorStream(true)
                    .start();
            process.getOutputStream().close();
            if (!process.waitFor(VERSION_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                throw new IOException("it does not answer");
            }
            String output = new String(process.getInputStream().readNBytes(LONGEST_VERSION), StandardCharsets.UTF_8);
            return QemuVersion.parseOutput(output)
                    .orElseThrow(() -> new IOException(
                            "it answers: " + output.lines().findFirst().orElse("nothing")));
        } catch (IOException e) {
            throw new CaissonException(
                    ErrorKind.UNAVAILABLE,
                    "cannot find out which version " + program.path() + " has: " + e.getMessage() + "; " + INSTALL,
                    e);
        } finally {
            if (process != null) {
                process.destroyForcibly();
            }
        }
    }
}
