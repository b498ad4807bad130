package io.caisson.host.linux.ffm;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Lets threads park until a non-blocking descriptor is ready. One platform thread, {@code caisson-host-poller}, waits in
 * epoll for all of them; it runs as long as there is a {@link Registration}, so that an idle process has none.
 *
 * <p>Locks: {@link #LOCK} guards which poller is the current one and how many registrations it has. A registration's
 * own lock is never held while {@code LOCK} is taken, nor the other way round.
 */
final class Poller implements Runnable {
    private static final int EVENTS_AT_ONCE = 64;
    private static final Object LOCK = new Object();
    private static @Nullable Poller current;

    private final Epoll epoll;
    private final Map<Long, Registration> registrations = new ConcurrentHashMap<>();
    private long lastToken;
    private int count;

    private Poller(Epoll epoll) {
        this.epoll = epoll;
    }

    /** Begins to watch a descriptor, which must be non-blocking. */
    static Registration register(Descriptor descriptor) throws IOException {
        synchronized (LOCK) {
            Poller poller = current;
            if (poller == null) {
                poller = new Poller(Epoll.open("of the poller", EVENTS_AT_ONCE));
                Thread.ofPlatform().daemon().name("caisson-host-poller").start(poller);
                current = poller;
            }
            Registration registration = new Registration(poller, descriptor, ++poller.lastToken);
            poller.registrations.put(registration.token, registration);
            poller.count++;
            try {
                poller.epoll.add(descriptor, Interest.NONE.oneShot(), registration.token);
            } catch (IOException e) {
                poller.unregister(registration);
                throw e;
            }
            return registration;
        }
    }

    private void unregister(Registration registration) {
        synchronized (LOCK) {
            registrations.remove(registration.token);
            if (--count == 0) {
                retire();
            }
        }
    }

    private void retire() {
        synchronized (LOCK) {
            epoll.close();
            if (current == this) {
                current = null;
            }
        }
    }

    @Override
    public void run() {
        try {
            while (true) {
                int events = epoll.await(-1);
                for (int i = 0; i < events; i++) {
                    Registration registration = registrations.get(epoll.token(i));
                    if (registration != null) {
                        registration.fired(epoll.isReadable(i), epoll.isWritable(i));
                    }
                }
            }
        } catch (ClosedDescriptorException lastRegistrationGone) {
            // the orderly end
        } catch (IOException | RuntimeException | Error e) {
            // whoever waits must not wait for ever; the next registration starts another poller
            retire();
            registrations.values().forEach(registration -> registration.fail(e));
        }
    }

    /** A descriptor that is watched; any number of threads may wait on it. */
    static final class Registration implements AutoCloseable {
        private final Poller poller;
        private final Descriptor descriptor;
        private final long token;
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition changed = lock.newCondition();
        private boolean wantsRead;
        private boolean wantsWrite;
        private long readEvents;
        private long writeEvents;
        private boolean closed;
        private @Nullable Throwable failure;

        private Registration(Poller poller, Descriptor descriptor, long token) {
            this.poller = poller;
            this.descriptor = descriptor;
            this.token = token;
        }

        /**
         * Waits until reading would not block. May return early: try again.
         *
         * @param nanos at most how long, 0 for ever
         * @return whether it ended before its time
         */
        boolean awaitReadable(long nanos) throws IOException, InterruptedException {
            lock.lockInterruptibly();
            try {
                long seen = readEvents;
                if (!wantsRead) {
                    wantsRead = true;
                    arm();
                }
                long left = nanos;
                while (readEvents == seen && isOpen()) {
                    if (nanos == 0) {
                        changed.await();
                    } else if (left > 0) {
                        left = changed.awaitNanos(left);
                    } else {
                        return false;
                    }
                }
                return true;
            } finally {
                lock.unlock();
            }
        }

        /** Waits until writing would not block. May return early: try again. */
        void awaitWritable() throws IOException, InterruptedException {
            lock.lockInterruptibly();
            try {
                long seen = writeEvents;
                if (!wantsWrite) {
                    wantsWrite = true;
                    arm();
                }
                while (writeEvents == seen && isOpen()) {
                    changed.await();
                }
            } finally {
                lock.unlock();
            }
        }

        private boolean isOpen() throws IOException {
            if (closed) {
                throw new ClosedDescriptorException(descriptor.what());
            }
            if (failure != null) {
                throw new IOException("waiting on " + descriptor.what() + " failed", failure);
            }
            return true;
        }

        private void arm() throws IOException {
            isOpen();
            Interest interest = wantsRead ? wantsWrite ? Interest.READ_WRITE : Interest.READ : Interest.WRITE;
            poller.epoll.modify(descriptor, interest.oneShot(), token);
        }

        private void fired(boolean readable, boolean writable) {
            lock.lock();
            try {
                if (readable) {
                    wantsRead = false;
                    readEvents++;
                }
                if (writable) {
                    wantsWrite = false;
                    writeEvents++;
                }
                if (!closed && (wantsRead || wantsWrite)) {
                    arm();
                }
                changed.signalAll();
            } catch (IOException e) {
                failure = e;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        private void fail(Throwable cause) {
            lock.lock();
            try {
                failure = cause;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        /** Wakes everyone who waits, with a {@link ClosedDescriptorException}. Idempotent. Before the descriptor's. */
        @Override
        public void close() {
            lock.lock();
            try {
                if (closed) {
                    return;
                }
                closed = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
            try {
                poller.epoll.remove(descriptor);
            } catch (IOException gone) {
                // a closed descriptor is not watched any more
            }
            poller.unregister(this);
        }
    }
}
