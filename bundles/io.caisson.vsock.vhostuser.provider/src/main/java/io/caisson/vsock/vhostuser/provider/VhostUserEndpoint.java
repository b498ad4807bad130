package io.caisson.vsock.vhostuser.provider;

import io.caisson.host.linux.ffm.Epoll;
import io.caisson.host.linux.ffm.UnixListener;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.vsock.api.GuestStream;
import io.caisson.vsock.api.VsockAttachment;
import io.caisson.vsock.api.VsockEndpoint;
import io.caisson.vsock.api.VsockListener;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * One device as its owner sees it. Needs nothing of the bundle's context: it goes on when the bundle has stopped.
 */
final class VhostUserEndpoint implements VsockEndpoint {
    private static final int EVENTS_AT_ONCE = 16;
    private static final long CLOSE_MILLIS = 900;

    // A guest that refuses is asked again after an eighth of the time it has been refusing for, within these bounds:
    // soon after it listens, without keeping a guest that boots busy.
    private static final long RETRY_LEAST_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long RETRY_MOST_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final int RETRY_FRACTION = 8;

    private final Device device;
    private final VsockAttachment attachment;
    private final Thread thread;

    private VhostUserEndpoint(Device device, UnixListener socket, boolean trustMemory) {
        this.device = device;
        attachment = new VsockAttachment.VhostUser(socket.path());
        thread = Thread.ofPlatform()
                .name("caisson-" + device.name + "-vsock")
                .daemon(true)
                .unstarted(new DeviceThread(device, socket, trustMemory));
    }

    /**
     * Listens on a socket and starts the device's thread.
     *
     * @param trustMemory whether guest memory may be such that its monitor could make it smaller
     * @param closeTimeout how long the guest may take to acknowledge the end of a stream
     */
    static VhostUserEndpoint open(String name, Path socket, boolean trustMemory, Duration closeTimeout)
            throws IOException {
        Epoll epoll = Epoll.open("of the vsock device of " + name, EVENTS_AT_ONCE);
        try {
            VhostUserEndpoint endpoint = new VhostUserEndpoint(
                    new Device(name, epoll, closeTimeout), UnixListener.bind(socket), trustMemory);
            endpoint.thread.start();
            return endpoint;
        } catch (IOException | RuntimeException e) {
            epoll.close();
            throw e;
        }
    }

    @Override
    public VsockAttachment attachment() {
        return attachment;
    }

    @Override
    public VsockListener listen(int port) {
        requirePort(port);
        if (device.isStopped()) {
            throw new CaissonException(
                    ErrorKind.INVALID_STATE, device.stopped().getMessage() + "; nothing can be listened for");
        }
        Listener listener = new Listener(device, port);
        if (device.listeners.putIfAbsent(port, listener) != null) {
            throw new CaissonException(
                    ErrorKind.EXISTS,
                    "port " + Integer.toUnsignedString(port) + " of the vsock device of " + device.name
                            + " is listened on already");
        }
        return listener;
    }

    @Override
    public GuestStream open(int port, Duration timeout) throws IOException, InterruptedException {
        requirePort(port);
        if (timeout.isNegative() || timeout.isZero()) {
            throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "not a time to wait for a guest: " + timeout);
        }
        long deadline = deadline(timeout);
        long firstRefusal = 0;
        while (true) {
            Connection connection = attempt(port, deadline);
            if (connection.isEstablished()) {
                return connection;
            }
            long now = System.nanoTime();
            firstRefusal = firstRefusal == 0 ? now : firstRefusal;
            long pause = Math.clamp((now - firstRefusal) / RETRY_FRACTION, RETRY_LEAST_NANOS, RETRY_MOST_NANOS);
            if (deadline - now <= pause) {
                throw timedOut(port, "the guest refuses: nothing listens there");
            }
            device.receive.pause(pause);
        }
    }

    private static long deadline(Duration timeout) {
        // Half the clock's range is 146 years: later than that is never, and must not wrap.
        Duration most = Duration.ofNanos(Long.MAX_VALUE / 2);
        return System.nanoTime() + (timeout.compareTo(most) < 0 ? timeout : most).toNanos();
    }

    /** Asks the guest once. The connection is established, or was refused and is gone. */
    private Connection attempt(int port, long deadline) throws IOException, InterruptedException {
        Connection connection =
                new Connection(device, new Connections.Key(device.connections.pickPort(port), port), false);
        if (!device.connections.add(connection)) {
            throw new IOException("the vsock device of " + device.name + " has " + Connections.MAX
                    + " streams, no more are possible");
        }
        boolean asked = false;
        boolean settled = false;
        try {
            asked = device.receive.request(connection, deadline);
            Connection.Answer answer = asked ? connection.awaitAnswer(deadline) : Connection.Answer.NONE;
            if (answer == Connection.Answer.NONE) {
                throw timedOut(port, asked ? "the guest does not answer" : "the guest has no vsock device yet");
            }
            settled = true;
            return connection;
        } finally {
            if (!asked) {
                device.connections.remove(connection);
            } else if (!settled) {
                connection.reset();
            }
        }
    }

    private SocketTimeoutException timedOut(int port, String state) {
        return new SocketTimeoutException("no stream to port " + Integer.toUnsignedString(port) + " of " + device.name
                + " could be opened in time: " + state);
    }

    private static void requirePort(int port) {
        if (port == 0 || port == -1) {
            throw new CaissonException(
                    ErrorKind.INVALID_ARGUMENT, "not a vsock port: " + Integer.toUnsignedString(port));
        }
    }

    /** Whether the device has stopped, or is about to. */
    boolean isStopped() {
        return device.isStopped();
    }

    /** Whether the device's thread has ended, and everything with it. */
    boolean isGone() {
        return !thread.isAlive();
    }

    @Override
    public void close() {
        device.stop(DeviceThread.CLOSED);
        boolean interrupted = false;
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CLOSE_MILLIS);
        long left = CLOSE_MILLIS;
        while (thread.isAlive() && left > 0) {
            try {
                thread.join(left);
            } catch (InterruptedException e) {
                // The wait is short and bounded; what it waits for is the release of the guest's memory.
                interrupted = true;
            }
            left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        }
        for (Listener each : device.listeners.values()) {
            each.close();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
