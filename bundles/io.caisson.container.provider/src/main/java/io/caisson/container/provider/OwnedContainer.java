package io.caisson.container.provider;

import io.caisson.container.api.Container;
import io.caisson.container.api.ContainerInfo;
import io.caisson.container.api.ContainerProcess;
import io.caisson.container.api.ExitStatus;
import io.caisson.container.api.ProcessSpec;
import io.caisson.guest.api.GuestProcess;
import io.caisson.guest.api.GuestProcessSpec;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A container of this process. Its state only ever goes forward and is written to its folder at each step.
 *
 * <p>When its first process has ended and its output has been read, the sandbox is ended; the container and its folder
 * stay until they are closed.
 */
final class OwnedContainer implements Container {
    /** How long a process may take to die of SIGKILL before its machine is ended. */
    private static final Duration KILL_TIME = Duration.ofSeconds(5);

    private final Sandbox sandbox;
    private final ContainerFolder folder;
    private final ProcessDefaults defaults;
    private final int stopSignal;
    private final InitProcess init;
    private final Consumer<OwnedContainer> whenClosed;
    private final Consumer<Exception> failures;
    private final AtomicInteger processes = new AtomicInteger();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Object lock = new Object();
    // Guarded by lock.
    private ContainerRecord state;
    private boolean watched;
    private @Nullable Door door;

    /**
     * Takes over a container that was made in a sandbox of its own.
     *
     * @param state what its folder says of it
     * @param defaults what further processes start with
     * @param first its first process, created
     * @param terminal whether that has one
     * @param whenClosed is told when it is gone
     * @param failures hears of what goes wrong in a way nobody else is told of
     */
    OwnedContainer(
            Sandbox sandbox,
            ContainerFolder folder,
            ContainerRecord state,
            ProcessDefaults defaults,
            int stopSignal,
            GuestProcess first,
            boolean terminal,
            Consumer<OwnedContainer> whenClosed,
            Consumer<Exception> failures) {
        this.sandbox = sandbox;
        this.folder = folder;
        this.state = state;
        this.defaults = defaults;
        this.stopSignal = stopSignal;
        this.whenClosed = whenClosed;
        this.failures = failures;
        init = new InitProcess(this, first, terminal);
    }

    /** Lets other processes at it. */
    void open() {
        try {
            var opened = new Door(this, folder.door(), failures);
            synchronized (lock) {
                door = opened;
            }
        } catch (IOException e) {
            throw new CaissonException(
                    ErrorKind.UNAVAILABLE, "opening the door of container " + info().name() + ": " + Reason.of(e), e);
        }
    }

    Sandbox sandbox() {
        return sandbox;
    }

    ProcessDefaults defaults() {
        return defaults;
    }

    ContainerRecord state() {
        synchronized (lock) {
            return state;
        }
    }

    @Override
    public ContainerInfo info() {
        return state().info();
    }

    String id() {
        return info().id();
    }

    @Override
    public ContainerProcess init() {
        return init;
    }

    /** The failure as it concerns this container. */
    CaissonException explain(CaissonException failure) {
        return sandbox.explain(failure);
    }

    /** Makes a call to the guest. */
    <T> T call(GuestBackedProcess.Call<T> call) throws InterruptedException {
        try {
            return call.make();
        } catch (CaissonException e) {
            throw explain(e);
        }
    }

    /** What other processes see may lag behind when the disk is full: that is no reason to end or to hang. */
    private void reach(ContainerInfo.State reached, Optional<ExitStatus> exit) {
        synchronized (lock) {
            if (reached.compareTo(state.info().state()) <= 0) {
                return;
            }
            state = state.reached(reached, exit);
            try {
                folder.write(state);
            } catch (CaissonException e) {
                failures.accept(e);
            }
        }
    }

    /** Starts the first process. */
    void start(GuestProcess first) throws InterruptedException {
        synchronized (lock) {
            if (state.info().state() != ContainerInfo.State.CREATED) {
                throw new CaissonException(
                        ErrorKind.INVALID_STATE, "container " + state.info().name() + " was started before");
            }
        }
        call(() -> {
            first.start();
            return first;
        });
        reach(ContainerInfo.State.RUNNING, Optional.empty());
        synchronized (lock) {
            watched = true;
        }
        Thread.ofVirtual().name("caisson-" + id() + "-exit").start(this::watch);
    }

    /** Waits for the end of the first process, then of its output, and ends the sandbox. */
    private void watch() {
        try {
            try {
                ExitStatus status = init.awaitInGuest();
                reach(ContainerInfo.State.EXITED, Optional.of(status));
                init.ended(status);
            } catch (CaissonException e) {
                reach(ContainerInfo.State.EXITED, Optional.empty());
                init.lost(explain(e));
            }
            init.awaitOutputRead();
            sandbox.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            init.lost(new CaissonException(ErrorKind.CANCELLED, "nobody waits for container " + id() + " any more", e));
        }
    }

    @Override
    public ContainerProcess exec(ProcessSpec spec) throws InterruptedException {
        ContainerInfo info = info();
        if (info.state() != ContainerInfo.State.RUNNING || closed.get()) {
            throw new CaissonException(
                    ErrorKind.INVALID_STATE, "container " + info.name() + " does not run: it is " + info.state());
        }
        return call(() -> {
            GuestProcess process = startProcess(
                    sandbox.session(), info.id(), "exec-" + processes.incrementAndGet(), defaults.further(spec));
            return new GuestBackedProcess(process, spec.terminal().isPresent(), this::explain, () -> {});
        });
    }

    /** Creates and starts a process; when that fails the guest forgets it. */
    static GuestProcess startProcess(
            io.caisson.guest.api.GuestSession session, String containerId, String processId, GuestProcessSpec spec)
            throws InterruptedException {
        GuestProcess process = session.createProcess(containerId, processId, spec);
        boolean started = false;
        try {
            process.start();
            started = true;
            return process;
        } finally {
            if (!started) {
                forget(process);
            }
        }
    }

    private static void forget(GuestProcess process) {
        boolean interrupted = Thread.interrupted();
        try {
            process.delete();
        } catch (CaissonException e) {
            // The failure to start it is what is reported.
            return;
        } catch (InterruptedException e) {
            interrupted = true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void stop(Duration grace) throws InterruptedException {
        if (info().state() == ContainerInfo.State.RUNNING && !sandbox.isClosed()) {
            if (signalled(stopSignal) && init.await(grace).isPresent()) {
                return;
            }
            if (signalled(StopSignal.SIGKILL) && init.await(KILL_TIME).isPresent()) {
                return;
            }
        }
        if (info().state() != ContainerInfo.State.EXITED) {
            end();
        }
    }

    /** Sends the first process a signal; false when it, or the whole sandbox, is gone already. */
    private boolean signalled(int signal) throws InterruptedException {
        try {
            init.signal(signal);
            return true;
        } catch (CaissonException e) {
            return info().state() == ContainerInfo.State.EXITED;
        }
    }

    /** Ends the sandbox, and with it the container, which is still listed. */
    void end() {
        sandbox.close();
        init.abandonOutput();
        boolean started;
        synchronized (lock) {
            started = watched;
            watched = true;
        }
        if (!started) {
            reach(ContainerInfo.State.EXITED, Optional.empty());
            init.lost(new CaissonException(
                    ErrorKind.UNAVAILABLE, "container " + info().name() + " was ended before it was started"));
        }
    }

    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        whenClosed.accept(this);
        Door opened;
        synchronized (lock) {
            opened = door;
        }
        try (folder) {
            try (opened) {
                end();
            }
        } catch (IOException e) {
            throw new CaissonException(
                    ErrorKind.UNAVAILABLE, "removing container " + info().name() + ": " + Reason.of(e), e);
        }
    }
}
