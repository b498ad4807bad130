package io.caisson.itest;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Signals to processes, and waiting for their ends. */
final class Signalling {
    private Signalling() {}

    /** Sends a signal, by its name without SIG. */
    static void send(long pid, String name) throws IOException, InterruptedException {
        int status = new ProcessBuilder("kill", "-" + name, Long.toString(pid))
                .inheritIO()
                .start()
                .waitFor();
        if (status != 0) {
            throw new AssertionError("there is no process " + pid + " to send SIG" + name);
        }
    }

    /** A child of a command whose program's name begins like this. */
    static Optional<ProcessHandle> child(ProcessHandle command, String program) {
        return command.descendants()
                .filter(child -> child.info()
                        .command()
                        .filter(path ->
                                path.substring(path.lastIndexOf('/') + 1).startsWith(program))
                        .isPresent())
                .findFirst();
    }

    /** Waits for a process to be gone. */
    static void awaitEnd(ProcessHandle process, Duration patience) throws InterruptedException, ExecutionException {
        try {
            process.onExit().get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError(
                    "process " + process.pid() + " is still there after " + patience + ": " + process.info(), e);
        }
    }
}
