package io.caisson.vm.qemu.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Trials of programs that do not become QEMU; what QEMU does in one is seen in {@link QemuMachineVmIT}. */
@ExtendWith(LeakCheck.class)
@Timeout(value = 1, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AccelerationTrialTest {
    /** What gives up, as an accelerator does, and stays. */
    private static final String STAYING = "sh -c 'echo $$ >pid; echo internal error >&2; exec sleep 1000'";

    private static final AccelerationTrial.Result GAVE_UP =
            new AccelerationTrial.Result(AccelerationTrial.Outcome.BROKEN, "internal error");

    private final Path directory;

    AccelerationTrialTest(@TempDir Path directory) {
        this.directory = directory;
    }

    private AccelerationTrial.Result tryScript(String script, Duration limit) throws Exception {
        Path program = directory.resolve("wrapper");
        Files.writeString(program, "#!/bin/sh\ncd '" + directory + "'\n" + script + "\n");
        assertTrue(program.toFile().setExecutable(true));
        return new AccelerationTrial(program, new Microvm()).run(Acceleration.Kind.KVM, limit);
    }

    private Optional<ProcessHandle> started() throws Exception {
        return ProcessHandle.of(
                Long.parseLong(Files.readString(directory.resolve("pid")).strip()));
    }

    @Test
    void whatAScriptWaitsForEndsWithTheTrial() throws Exception {
        assertEquals(GAVE_UP, tryScript(STAYING + " & wait", Duration.ofMinutes(1)));
        Optional<ProcessHandle> started = started();
        if (started.isPresent()) {
            started.get().onExit().get();
        }
    }

    @Test
    void theTrialDoesNotWaitForWhatNobodyCanFind() throws Exception {
        // Its parent ends at once, and with that nothing connects it with the script.
        assertEquals(GAVE_UP, tryScript("(" + STAYING + " &); exec sleep 1000", Duration.ofSeconds(2)));
        assertTrue(started().orElseThrow().destroyForcibly());
    }
}
