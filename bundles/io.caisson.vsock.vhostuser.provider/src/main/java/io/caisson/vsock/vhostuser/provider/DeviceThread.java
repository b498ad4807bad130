package io.caisson.vsock.vhostuser.provider;

import io.caisson.host.linux.ffm.HostInfo;
import io.caisson.host.linux.ffm.Interest;
import io.caisson.host.linux.ffm.UnixListener;
import io.caisson.host.linux.ffm.UnixSocket;
import io.caisson.virtio.library.VirtioFormatException;
import java.io.EOFException;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The life of one device: waits for its monitor, serves it, and takes everything down when either goes. It waits in
 * epoll alone and never for an application.
 */
final class DeviceThread implements Runnable {
    static final String CLOSED = "the endpoint is closed";

    // Tokens of the rings are their indices.
    private static final long MONITOR_CAME = 10;
    private static final long MONITOR_SAYS = 11;

    /** So many requests are served before the queues are looked at. */
    private static final int REQUESTS_AT_ONCE = 16;

    private static final long TIDY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Device device;
    private final UnixListener listener;
    private final TransmitQueue transmit;
    private final Negotiation negotiation;
    private @Nullable FrontEnd frontEnd;
    private boolean transmitMore;
    private boolean requestsMore;
    private long nextTidy;
    private boolean tidyPlanned;

    DeviceThread(Device device, UnixListener listener, boolean trustMemory) {
        this.device = device;
        this.listener = listener;
        transmit = new TransmitQueue(device);
        negotiation = new Negotiation(device, transmit, trustMemory);
    }

    @Override
    public void run() {
        String why = CLOSED;
        try {
            device.epoll.add(listener.descriptor(), Interest.READ, MONITOR_CAME);
            while (!device.isStopped()) {
                turn();
            }
        } catch (EOFException e) {
            why = String.valueOf(e.getMessage());
        } catch (VirtioFormatException e) {
            device.stop(e);
        } catch (IOException e) {
            why = "serving the virtual machine monitor failed: " + e.getMessage();
        } catch (RuntimeException | Error e) {
            why = "internal error: " + e;
        } finally {
            device.stop(why);
            takeDown();
        }
    }

    private void turn() throws IOException {
        int count = device.epoll.await(timeoutMillis());
        boolean buffers = false;
        boolean says = requestsMore;
        for (int i = 0; i < count; i++) {
            long token = device.epoll.token(i);
            if (token == Device.RECEIVE) {
                buffers = true;
            } else if (token == MONITOR_SAYS) {
                says = true;
            } else if (token == MONITOR_CAME) {
                admit();
            }
        }
        if (says) {
            requestsMore = serveRequests();
            buffers = true;
        }
        if (buffers || device.receive.isFlushDue()) {
            device.receive.flush();
        }
        // Whatever the event was: a look at an idle queue is cheap, and a kick may have come before its ring ran.
        transmitMore = transmit.drain();
        tidy();
    }

    private int timeoutMillis() {
        if (transmitMore || requestsMore) {
            return 0;
        }
        if (!tidyPlanned) {
            return -1;
        }
        return (int) TimeUnit.NANOSECONDS.toMillis(Math.max(0, nextTidy - System.nanoTime())) + 1;
    }

    private void tidy() {
        if (tidyPlanned && nextTidy - System.nanoTime() <= 0) {
            transmit.tidy();
            tidyPlanned = false;
        }
        if (!tidyPlanned && device.isTidying()) {
            tidyPlanned = true;
            nextTidy = System.nanoTime() + TIDY_NANOS;
        }
    }

    /** Takes one connection of a process of the same user; then nobody can make another. */
    private void admit() throws IOException {
        Optional<UnixSocket> accepted = listener.tryAccept();
        if (accepted.isEmpty() || frontEnd != null) {
            accepted.ifPresent(UnixSocket::close);
            return;
        }
        UnixSocket socket = accepted.get();
        try {
            if (socket.peerCredentials().userId() != HostInfo.userId()) {
                socket.close();
                return;
            }
            device.epoll.remove(listener.descriptor());
            listener.close();
            device.epoll.add(socket.descriptor(), Interest.READ, MONITOR_SAYS);
        } catch (IOException e) {
            socket.close();
            throw e;
        }
        frontEnd = new FrontEnd(socket);
    }

    /** @return whether there may be more */
    private boolean serveRequests() throws IOException {
        FrontEnd from = frontEnd;
        if (from == null) {
            return false;
        }
        for (int i = 0; i < REQUESTS_AT_ONCE; i++) {
            if (!from.receive()) {
                return false;
            }
            negotiation.handle(from);
        }
        return true;
    }

    private void takeDown() {
        negotiation.close();
        String why = device.cause();
        transmit.loseAll(why);
        for (Listener each : device.listeners.values()) {
            each.deviceStopped();
        }
        if (frontEnd != null) {
            frontEnd.close();
        }
        try {
            listener.close();
        } catch (IOException e) {
            // The socket's file stays in a directory that its owner is about to remove; nobody listens on it.
        }
        device.epoll.close();
    }
}
