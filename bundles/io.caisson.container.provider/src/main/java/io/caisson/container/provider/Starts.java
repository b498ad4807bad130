package io.caisson.container.provider;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.util.HashSet;
import java.util.Set;

/** The starts of containers that go on, each on its caller's thread, so that the service's end can break them off. */
final class Starts {
    static final String STOPPING = "the container service is stopping";

    // Guarded by this.
    private final Set<Thread> threads = new HashSet<>();
    private boolean over;

    /**
     * The calling thread begins a start.
     *
     * @throws CaissonException UNAVAILABLE once starts are broken off
     */
    synchronized void begin() {
        if (over) {
            throw new CaissonException(ErrorKind.UNAVAILABLE, STOPPING);
        }
        threads.add(Thread.currentThread());
    }

    /** The calling thread's start has ended and undone what it had to. */
    synchronized void end() {
        threads.remove(Thread.currentThread());
        notifyAll();
    }

    synchronized boolean areBrokenOff() {
        return over;
    }

    /** Interrupts the starts that go on and waits until they have ended; refuses all that come later. */
    synchronized void breakOff() {
        over = true;
        // Under the lock: a thread that has left is not interrupted at whatever it does next.
        threads.forEach(Thread::interrupt);
        boolean interrupted = false;
        while (!threads.isEmpty()) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
