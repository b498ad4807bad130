package io.caisson.vsock.vhostuser.provider;

import io.caisson.vsock.api.GuestStream;
import io.caisson.vsock.api.VsockListener;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Streams that the guest opened to one port, until somebody accepts them. */
final class Listener implements VsockListener {
    static final int BACKLOG = 128;

    private final Device device;
    private final int port;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final ArrayDeque<Connection> waiting = new ArrayDeque<>();
    private boolean closed;

    Listener(Device device, int port) {
        this.device = device;
        this.port = port;
    }

    @Override
    public GuestStream accept() throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            while (waiting.isEmpty()) {
                if (closed) {
                    throw new IOException("the listener on port " + Integer.toUnsignedString(port) + " of "
                            + device.name + " is closed");
                }
                device.requireRunning();
                arrived.await();
            }
            return waiting.remove();
        } finally {
            lock.unlock();
        }
    }

    /** The device thread: whether one more may wait. It stays true until the next {@link #offer}. */
    boolean hasRoom() {
        lock.lock();
        try {
            return !closed && waiting.size() < BACKLOG;
        } finally {
            lock.unlock();
        }
    }

    /** The device thread: a stream that the guest was told is accepted. */
    void offer(Connection connection) {
        lock.lock();
        try {
            if (!closed) {
                waiting.add(connection);
                arrived.signal();
                return;
            }
        } finally {
            lock.unlock();
        }
        // Closed since hasRoom.
        connection.reset();
    }

    /** The device has stopped: nothing more will arrive. */
    void deviceStopped() {
        lock.lock();
        try {
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        device.listeners.remove(port, this);
        Connection[] orphans;
        lock.lock();
        try {
            closed = true;
            orphans = waiting.toArray(Connection[]::new);
            waiting.clear();
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
        for (Connection each : orphans) {
            each.reset();
        }
    }
}
