package io.caisson.vm.qemu.provider;

import io.caisson.host.linux.ffm.ProcessExit;
import io.caisson.host.linux.ffm.UnixSocket;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.vm.api.VirtualMachine;
import io.caisson.vm.api.VirtualMachineExit;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A running QEMU. It belongs to whoever started it, and nothing of it to the provider: it goes on when that stops.
 *
 * <p>Threads, all virtual, all named after the machine: one reads QMP, one the console, one QEMU's standard error, and
 * one waits for the process, then for those, works out how the machine ended and releases everything.
 */
final class QemuMachine implements VirtualMachine {
    /** After a process has gone its sockets are at their end; only what it left behind could hold them open. */
    private static final Duration LAST_WORDS = Duration.ofMillis(500);

    private static final Duration RELEASE_TIMEOUT = Duration.ofSeconds(2);

    /** Of the console; a panic says more after its first line. */
    private static final int CONSOLE_LINES = 200;

    private static final int WORDS_LINES = 5;

    private final String id;
    private final int slots;
    private final MachineLauncher.Started parts;
    private final QmpSession monitor;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final long started = System.nanoTime();
    private volatile Doubt doubt;
    private volatile boolean closed;
    private volatile @Nullable VirtualMachineExit exit;

    private QemuMachine(String id, int slots, MachineLauncher.Started parts, Doubt doubt) {
        this.doubt = doubt;
        this.id = id;
        this.slots = slots;
        this.parts = parts;
        monitor = new QmpSession(parts.monitor().output()::write);
    }

    /**
     * What to do when a machine is over and its guest has never answered. One that ended by itself is to blame for that
     * at once; one that its owner ended, only if the owner had waited.
     *
     * @param then what to do
     * @param patience how long its owner must have waited
     */
    record Doubt(Runnable then, Duration patience) {
        private static final Doubt NONE = new Doubt(() -> {}, Duration.ZERO);
    }

    /** Takes over what was started, and boots. */
    static QemuMachine of(String id, int slots, MachineLauncher.Started parts) {
        return of(id, slots, parts, Doubt.NONE);
    }

    /** Takes over what was started. */
    static QemuMachine of(String id, int slots, MachineLauncher.Started parts, Doubt doubt) {
        var machine = new QemuMachine(id, slots, parts, doubt);
        Thread qmp = machine.thread("qmp", machine::readMonitor);
        Thread console = machine.thread("console", () -> copy(parts.console(), parts.consoleLog()));
        Thread words = machine.thread("words", () -> copy(parts.words(), parts.wordsLog()));
        machine.thread("exit", () -> machine.awaitEnd(List.of(qmp, console, words)));
        return machine;
    }

    private Thread thread(String purpose, Runnable work) {
        return Thread.ofVirtual().name("caisson-" + id + "-" + purpose).start(work);
    }

    private void readMonitor() {
        byte[] buffer = new byte[4096];
        try {
            InputStream in = parts.monitor().input();
            int count;
            while ((count = in.read(buffer)) >= 0) {
                monitor.received(buffer, count);
            }
            monitor.end(new EOFException("QEMU has closed its monitor"));
        } catch (IOException e) {
            // The machine goes on: only what QEMU says of its end will be missing.
            monitor.end(e);
        }
    }

    private static void copy(UnixSocket from, BoundedLog to) {
        byte[] buffer = new byte[8192];
        try {
            InputStream in = from.input();
            int count;
            while ((count = in.read(buffer)) >= 0) {
                to.append(buffer, count);
            }
        } catch (IOException e) {
            to.failed(e);
        }
    }

    private void awaitEnd(List<Thread> readers) {
        Rehearsal.run();
        String status;
        boolean orderly = false;
        try {
            ProcessExit how = parts.process().awaitExit();
            status = "ended with " + how;
            orderly = how instanceof ProcessExit.Exited exited && exited.status() == 0;
            for (Thread reader : readers) {
                reader.join(LAST_WORDS);
            }
        } catch (InterruptedException | IllegalStateException e) {
            status = "ended in an unknown way: " + e.getMessage();
        }
        var end = new MachineEnd(
                closed,
                status,
                orderly,
                monitor.shutdown(),
                monitor.panicked(),
                parts.consoleLog().lastLines(CONSOLE_LINES),
                parts.wordsLog().lastLines(WORDS_LINES),
                parts.consoleLog().problem());
        release();
        resolve(doubt);
        exit = end.exit();
        ended.complete(null);
    }

    private void resolve(Doubt remaining) {
        if (!closed || System.nanoTime() - started > remaining.patience().toNanos()) {
            remaining.then().run();
        }
    }

    private void release() {
        parts.monitor().close();
        parts.console().close();
        parts.words().close();
        parts.consoleLog().close();
        parts.wordsLog().close();
    }

    /** Done when the machine has ended and {@link #exit()} says how. */
    CompletableFuture<Void> ended() {
        return ended;
    }

    /** What its console shows. */
    BoundedLog console() {
        return parts.consoleLog();
    }

    /** The conversation with QEMU. */
    QmpSession monitor() {
        return monitor;
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public long processId() {
        return parts.process().pid();
    }

    @Override
    public String diskSerial(int slot) {
        if (slot < 0 || slot >= slots) {
            throw new CaissonException(ErrorKind.NOT_FOUND, "the virtual machine " + id + " has no block slot " + slot);
        }
        return QemuCommandLine.diskSerial(slot);
    }

    @Override
    public void answered() {
        doubt = Doubt.NONE;
    }

    @Override
    public Optional<VirtualMachineExit> exit() {
        return Optional.ofNullable(exit);
    }

    @Override
    public Optional<VirtualMachineExit> awaitExit(Duration timeout) throws InterruptedException {
        return await(timeout.toNanos()) ? exit() : Optional.empty();
    }

    private boolean await(long nanos) throws InterruptedException {
        try {
            ended.get(nanos, TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("nobody says that it fails", e);
        }
    }

    @Override
    public <T> Optional<T> as(Class<T> capability) {
        return Optional.empty();
    }

    @Override
    public void close() {
        if (exit != null) {
            return;
        }
        closed = true;
        boolean interrupted = Thread.interrupted();
        try {
            parts.process().close();
            interrupted |= awaitRelease();
        } catch (IOException e) {
            throw new CaissonException(
                    ErrorKind.INTERNAL, "cannot end the virtual machine " + id + ": " + e.getMessage(), e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Whether the thread was interrupted meanwhile, which does not shorten the wait. */
    private boolean awaitRelease() {
        long deadline = System.nanoTime() + RELEASE_TIMEOUT.toNanos();
        boolean interrupted = false;
        while (true) {
            try {
                await(deadline - System.nanoTime());
                return interrupted;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
    }

    @Override
    public String toString() {
        return "virtual machine " + id + " (QEMU, process " + processId() + ")";
    }
}
