package io.caisson.vsock.vhostuser.provider;

import io.caisson.host.linux.ffm.ClosedDescriptorException;
import io.caisson.host.linux.ffm.Epoll;
import io.caisson.virtio.library.VirtioFormatException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What the parts of one vsock device share: its queues, its connections, its lock, and why it stopped.
 *
 * <p>Threads and locks. The device thread owns the monitor's socket, the kicks, the transmit queue and the negotiation.
 * {@link #lock} guards the receive queue, the control backlog, every stream's sending side, and changes of the queues;
 * it is held for copies and counters, never while waiting. A listener's and a stream's reading lock are taken before it
 * or alone, never inside it. The device thread never waits for an application.
 */
final class Device {
    /** The guest's context id. Every machine has a device of its own, so all of them may have the same. */
    static final long GUEST_CID = 3;

    /** What is offered to the driver. */
    static final int RECEIVE = 0;

    static final int TRANSMIT = 1;
    static final int EVENT = 2;
    static final int QUEUES = 3;

    final String name;
    final Epoll epoll;

    /** How long the guest may take to acknowledge the end of a stream. */
    final long closeTimeoutNanos;

    final ReentrantLock lock = new ReentrantLock();

    /** Something that a waiting thread may wait for has changed: the queues run, have buffers again, or never will. */
    final Condition changed = lock.newCondition();

    final Vring[] vrings;
    final ReceiveQueue receive;
    final Connections connections = new Connections();
    final ConcurrentHashMap<Integer, Listener> listeners = new ConcurrentHashMap<>();
    private volatile @Nullable String cause;
    private volatile boolean tidying;

    Device(String name, Epoll epoll, Duration closeTimeout) {
        this.name = name;
        this.epoll = epoll;
        closeTimeoutNanos = closeTimeout.toNanos();
        vrings = new Vring[] {
            new Vring(RECEIVE, "receive queue", epoll),
            new Vring(TRANSMIT, "transmit queue", epoll),
            new Vring(EVENT, "event queue", epoll)
        };
        receive = new ReceiveQueue(this, vrings[RECEIVE]);
    }

    /** Whether streams can be opened now. Under the lock. */
    boolean isUp() {
        return vrings[RECEIVE].queue() != null && vrings[TRANSMIT].queue() != null;
    }

    /** Begins the end: nobody waits for this device any more, and its thread takes it down. The first cause stays. */
    void stop(String why) {
        lock.lock();
        try {
            if (cause == null) {
                cause = why;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        wake();
    }

    /** As {@link #stop(String)}, because of what the guest put into its rings. */
    void stop(VirtioFormatException violation) {
        stop("the guest broke the virtio protocol: " + violation.getMessage());
    }

    boolean isStopped() {
        return cause != null;
    }

    /** Why it stopped, or is stopping. */
    String cause() {
        return String.valueOf(cause);
    }

    /** Why it stopped, as the exception for whoever still wants something of it. */
    IOException stopped() {
        return new IOException("the vsock device of " + name + " has stopped: " + cause);
    }

    void requireRunning() throws IOException {
        if (cause != null) {
            throw stopped();
        }
    }

    /** Makes the device thread look at its flags. */
    void wake() {
        try {
            epoll.wakeup();
        } catch (ClosedDescriptorException e) {
            // The thread has gone and taken the device down: there is nothing left to look at.
        }
    }

    /** Has the device thread look after closing streams and idle buffers within a second. */
    void tidyLater() {
        if (!tidying) {
            tidying = true;
            wake();
        }
    }

    boolean isTidying() {
        return tidying;
    }

    void tidying(boolean value) {
        tidying = value;
    }
}
