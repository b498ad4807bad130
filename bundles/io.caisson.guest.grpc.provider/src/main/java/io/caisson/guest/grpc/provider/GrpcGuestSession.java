package io.caisson.guest.grpc.provider;

import io.caisson.guest.api.GuestContainerSpec;
import io.caisson.guest.api.GuestInfo;
import io.caisson.guest.api.GuestProcess;
import io.caisson.guest.api.GuestProcessSpec;
import io.caisson.guest.api.GuestSecret;
import io.caisson.guest.api.GuestSession;
import io.caisson.guest.grpc.provider.proto.CreateProcessRequest;
import io.caisson.guest.grpc.provider.proto.DeleteContainerRequest;
import io.caisson.guest.grpc.provider.proto.GuestGrpc;
import io.caisson.guest.grpc.provider.proto.HelloResponse;
import io.caisson.guest.grpc.provider.proto.PowerOffRequest;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.vsock.api.GuestStream;
import io.caisson.vsock.api.GuestTransport;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A session over gRPC. Knows nothing of the agent that made it and lives on without it. */
final class GrpcGuestSession implements GuestSession {
    /** How long a call may take that has nothing to wait for; a machine under emulation may be slow. */
    static final Duration CALL_TIMEOUT = Duration.ofSeconds(60);

    /** The feature of guest.proto. */
    private static final String REIDENTIFY = "REIDENTIFY";

    private static final byte[] NOTHING = new byte[0];
    private static final Duration REDIAL_TIMEOUT = Duration.ofSeconds(10);

    private final String name;
    private final GuestDialler dialler;
    private final GuestChannel channel;
    private final AtomicReference<@Nullable GuestStream> firstConnection = new AtomicReference<>();
    private final Set<GrpcGuestProcess> processes = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;
    private @Nullable GuestInfo info;

    /** A session that is not connected yet. */
    GrpcGuestSession(String name, GuestTransport transport, GuestSecret secret) {
        this.name = name;
        dialler = new GuestDialler(transport, secret);
        channel = new GuestChannel(name, this::connection);
    }

    /** Connects and greets; on failure the session is to be closed. */
    void open(Duration timeout) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        try {
            firstConnection.set(dialler.dial(GuestDialler.Purpose.GRPC, NOTHING, timeout));
        } catch (SocketTimeoutException e) {
            throw new CaissonException(
                    ErrorKind.TIMEOUT,
                    "connecting to the guest of sandbox " + name + ": it did not answer within " + timeout.toMillis()
                            + " ms",
                    e);
        } catch (IOException e) {
            throw new CaissonException(
                    ErrorKind.UNAVAILABLE, "connecting to the guest of sandbox " + name + ": its machine is gone", e);
        }
        info = Messages.info(greet(Duration.ofNanos(Math.max(1, deadline - System.nanoTime()))));
    }

    /** As {@link #open(Duration)}, and gives the guest a secret of its own. */
    void open(GuestSecret own, Duration timeout) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        open(timeout);
        if (!info().features().contains(REIDENTIFY)) {
            throw new CaissonException(
                    ErrorKind.UNSUPPORTED, "the guest of sandbox " + name + " cannot be given an identity of its own");
        }
        channel.call(
                "giving the guest of sandbox " + name + " an identity of its own",
                GuestGrpc.getReidentifyMethod(),
                Messages.reidentify(name, own, Instant.now()),
                Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
        dialler.prove(own);
    }

    private HelloResponse greet(Duration timeout) throws InterruptedException {
        return channel.call(
                "greeting the guest of sandbox " + name,
                GuestGrpc.getHelloMethod(),
                Messages.hello(Instant.now()),
                timeout);
    }

    /** After the connection broke: makes another one and greets over it; returns whether the guest has answered. */
    boolean reconnect() throws InterruptedException {
        if (closed) {
            return false;
        }
        try {
            greet(REDIAL_TIMEOUT);
            return true;
        } catch (CaissonException e) {
            // Whoever found the connection broken reports that, which comes first.
            return false;
        }
    }

    /** The first connection, made already, or another one when that broke. */
    private GuestStream connection() throws IOException {
        GuestStream first = firstConnection.getAndSet(null);
        if (first != null) {
            return first;
        }
        if (closed) {
            throw new IOException("the session with sandbox " + name + " is closed");
        }
        try {
            return dialler.dial(GuestDialler.Purpose.GRPC, NOTHING, REDIAL_TIMEOUT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("connecting to the guest of sandbox " + name + " was given up");
        }
    }

    String name() {
        return name;
    }

    GuestChannel channel() {
        return channel;
    }

    GuestDialler dialler() {
        return dialler;
    }

    /** The process's streams need not be closed with the session any more. */
    void forget(GrpcGuestProcess process) {
        processes.remove(process);
    }

    @Override
    public GuestInfo info() {
        if (info == null) {
            throw new IllegalStateException("not connected");
        }
        return info;
    }

    @Override
    public void createContainer(GuestContainerSpec spec) throws InterruptedException {
        channel.call(
                "creating container '" + spec.id() + "'",
                GuestGrpc.getCreateContainerMethod(),
                Messages.container(spec),
                CALL_TIMEOUT);
    }

    @Override
    public void deleteContainer(String containerId) throws InterruptedException {
        channel.call(
                "deleting container '" + containerId + "'",
                GuestGrpc.getDeleteContainerMethod(),
                DeleteContainerRequest.newBuilder().setContainerId(containerId).build(),
                CALL_TIMEOUT);
    }

    @Override
    public GuestProcess createProcess(String containerId, String processId, GuestProcessSpec spec)
            throws InterruptedException {
        var id = new ProcessId(containerId, processId);
        channel.call(
                "creating " + id,
                GuestGrpc.getCreateProcessMethod(),
                CreateProcessRequest.newBuilder()
                        .setContainerId(containerId)
                        .setProcessId(processId)
                        .setSpec(Messages.process(spec))
                        .build(),
                CALL_TIMEOUT);
        return process(containerId, processId);
    }

    @Override
    public GuestProcess process(String containerId, String processId) {
        var process = new GrpcGuestProcess(this, new ProcessId(containerId, processId));
        processes.add(process);
        if (closed) {
            process.closeStreams();
        }
        return process;
    }

    @Override
    public void powerOff(Duration timeout) throws InterruptedException {
        channel.call(
                "powering off sandbox " + name,
                GuestGrpc.getPowerOffMethod(),
                PowerOffRequest.getDefaultInstance(),
                timeout);
    }

    @Override
    public void close() {
        closed = true;
        for (GrpcGuestProcess process : processes) {
            process.closeStreams();
        }
        processes.clear();
        channel.close();
        GuestStream unused = firstConnection.getAndSet(null);
        if (unused != null) {
            unused.reset();
        }
    }
}
