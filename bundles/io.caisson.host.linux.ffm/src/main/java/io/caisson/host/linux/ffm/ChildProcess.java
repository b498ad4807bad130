package io.caisson.host.linux.ffm;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A process started by this one, with exactly the descriptors it was given. Begin with {@link #builder}.
 *
 * <p>It is reaped as soon as it ends, whether or not anybody waits, without disturbing children of
 * {@link ProcessBuilder}. It belongs to whoever started it: {@link #close()} kills it. Signals go through a process
 * descriptor and never reach another process that has got its id.
 */
public final class ChildProcess implements AutoCloseable {
    private static final Duration KILL_TIMEOUT = Duration.ofSeconds(5);

    private final int pid;
    private final Path executable;
    private final Descriptor pidfd;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final List<Consumer<ProcessExit>> hooks = new ArrayList<>();
    private volatile @Nullable ProcessExit exit;
    private volatile @Nullable Throwable lost;

    ChildProcess(int pid, Path executable, Descriptor pidfd) {
        this.pid = pid;
        this.executable = executable;
        this.pidfd = pidfd;
    }

    /**
     * Begins the description of a process to start.
     *
     * @param executable absolute; the first of its arguments too
     */
    public static ChildProcessBuilder builder(Path executable) {
        return new ChildProcessBuilder(executable);
    }

    /** Its process id. */
    public int pid() {
        return pid;
    }

    /** How it ended; empty while it runs. */
    public Optional<ProcessExit> exit() {
        return Optional.ofNullable(exit);
    }

    /** Waits until it has ended. */
    public ProcessExit awaitExit() throws InterruptedException {
        ended.await();
        return result();
    }

    /** Waits until it has ended, at most for the time given; empty when it still runs then. */
    public Optional<ProcessExit> awaitExit(Duration timeout) throws InterruptedException {
        return ended.await(timeout.toNanos(), TimeUnit.NANOSECONDS) ? Optional.of(result()) : Optional.empty();
    }

    private ProcessExit result() {
        ProcessExit result = exit;
        if (result == null) {
            throw new IllegalStateException("how " + this + " ended is not known", lost);
        }
        return result;
    }

    /** Calls the hook when the process has ended, or at once when it has; on a virtual thread of its own. */
    public void whenExited(Consumer<ProcessExit> hook) {
        synchronized (hooks) {
            if (exit == null) {
                hooks.add(hook);
                return;
            }
        }
        call(hook, result());
    }

    private static void call(Consumer<ProcessExit> hook, ProcessExit exit) {
        Thread.ofVirtual().name("caisson-host-exit-hook").start(() -> hook.accept(exit));
    }

    /**
     * Sends it a signal.
     *
     * @return whether it was still there to get it
     */
    public boolean kill(ProcessSignal signal) throws SystemCallException {
        int fd;
        try {
            fd = pidfd.acquire();
        } catch (ClosedDescriptorException reaped) {
            return false;
        }
        try {
            return ProcessCalls.pidfdSendSignal(fd, signal.number());
        } finally {
            pidfd.release();
        }
    }

    /**
     * Kills it and waits until it is gone, at most five seconds. Idempotent. An interrupt does not shorten the wait and
     * is still there afterwards.
     *
     * @throws IOException it cannot be killed, or has not gone in time: the kernel is not done with it
     */
    @Override
    public void close() throws IOException {
        kill(ProcessSignal.KILL);
        boolean interrupted = false;
        long deadline = System.nanoTime() + KILL_TIMEOUT.toNanos();
        try {
            while (true) {
                try {
                    if (!ended.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                        throw new IOException(this + " was killed and is not gone after " + KILL_TIMEOUT.toSeconds()
                                + " s: the kernel keeps it, see /proc/" + pid + "/stack");
                    }
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** For the thread that reaps. */
    Descriptor pidfd() {
        return pidfd;
    }

    /** It has ended and was reaped. */
    void ended(ProcessExit how) {
        List<Consumer<ProcessExit>> waiting;
        synchronized (hooks) {
            exit = how;
            waiting = List.copyOf(hooks);
            hooks.clear();
        }
        ended.countDown();
        for (Consumer<ProcessExit> hook : waiting) {
            call(hook, how);
        }
    }

    /** How it ends will never be known. */
    void lost(Throwable cause) {
        lost = cause;
        ended.countDown();
    }

    @Override
    public String toString() {
        return "process " + pid + " (" + executable + ")";
    }
}
