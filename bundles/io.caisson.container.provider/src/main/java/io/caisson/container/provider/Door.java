package io.caisson.container.provider;

import io.caisson.host.linux.ffm.HostInfo;
import io.caisson.host.linux.ffm.UnixListener;
import io.caisson.host.linux.ffm.UnixSocket;
import io.caisson.json.library.JsonException;
import io.caisson.json.library.JsonObject;
import io.caisson.json.library.JsonWriter;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.vsock.api.GuestStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;

/**
 * Lets other processes of the same user at a container of this one: through a Unix socket in its folder, one request for
 * each connection. A thread for each connection, two more while it carries a stream; all virtual.
 */
final class Door implements AutoCloseable {
    private static final int MOST_CONNECTIONS = 64;
    private static final Duration REQUEST_TIME = Duration.ofSeconds(5);
    private static final Duration GUEST_TIME = Duration.ofSeconds(10);
    private static final long LONGEST_GRACE_MILLIS = Duration.ofHours(1).toMillis();
    private static final long HIGHEST_PORT = 0xffff_fffeL;

    private final OwnedContainer container;
    private final UnixListener listener;
    private final ThreadFactory threads;
    private final Consumer<Exception> failures;
    private final Semaphore free = new Semaphore(MOST_CONNECTIONS);
    private final Set<AutoCloseable> open = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /**
     * Opens a door.
     *
     * @param path where the socket is to be
     * @param failures hears of what goes wrong in a way nobody else is told of
     */
    Door(OwnedContainer container, Path path, Consumer<Exception> failures) throws IOException {
        this.container = container;
        this.failures = failures;
        listener = UnixListener.bind(path);
        threads = Thread.ofVirtual()
                .name("caisson-" + container.id() + "-door-", 0)
                .factory();
        threads.newThread(this::accept).start();
    }

    private void accept() {
        while (!closed) {
            try {
                UnixSocket socket = listener.accept();
                if (!free.tryAcquire()) {
                    socket.close();
                    continue;
                }
                open.add(socket);
                if (closed) {
                    socket.close();
                }
                threads.newThread(() -> serve(socket)).start();
            } catch (IOException e) {
                if (!closed) {
                    failures.accept(e);
                }
                return;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void serve(UnixSocket socket) {
        try (socket) {
            socket.receiveTimeout(REQUEST_TIME);
            JsonObject request = DoorMessages.readLine(socket.input(), DoorMessages.LONGEST_REQUEST);
            if (socket.peerCredentials().userId() == HostInfo.userId()) {
                answer(socket, request);
            } else {
                send(socket, DoorMessages.failure(refusal()));
            }
        } catch (IOException e) {
            // The caller went away or does not speak the protocol: nobody to tell.
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.remove(socket);
            free.release();
        }
    }

    /** Not PERMISSION_DENIED, which says of a process that its program cannot be executed. */
    private static CaissonException refusal() {
        return new CaissonException(
                ErrorKind.UNAVAILABLE,
                "the container belongs to the user with id " + HostInfo.userId() + ", who alone may use it");
    }

    private void answer(UnixSocket socket, JsonObject request) throws IOException, InterruptedException {
        try {
            String operation = request.requiredString(DoorMessages.OPERATION);
            switch (operation) {
                case DoorMessages.DESCRIBE -> send(socket, described());
                case DoorMessages.ACCESS -> send(socket, access());
                case DoorMessages.STOP -> {
                    container.stop(Duration.ofMillis(number(request, DoorMessages.GRACE, 0, LONGEST_GRACE_MILLIS)));
                    send(socket, DoorMessages.success());
                }
                case DoorMessages.CONNECT -> connect(socket, (int) number(request, DoorMessages.PORT, 1, HIGHEST_PORT));
                default ->
                    throw new CaissonException(
                            ErrorKind.UNSUPPORTED,
                            "the container's owner does not know the operation it was asked for");
            }
        } catch (JsonException e) {
            send(
                    socket,
                    DoorMessages.failure(
                            new CaissonException(ErrorKind.INVALID_ARGUMENT, String.valueOf(e.getMessage()), e)));
        } catch (CaissonException e) {
            send(socket, DoorMessages.failure(e));
        }
    }

    private static long number(JsonObject request, String name, long least, long most) throws JsonException {
        long number = request.requiredNumber(name);
        if (number < least || number > most) {
            throw request.failure(name, "out of range");
        }
        return number;
    }

    private static void send(UnixSocket socket, JsonWriter message) throws IOException {
        socket.output().write(DoorMessages.line(message));
    }

    private JsonWriter described() {
        JsonWriter json = DoorMessages.success().object(DoorMessages.CONTAINER);
        return container.state().writeTo(json).end();
    }

    /** What it takes to talk to the guest; goes to processes of the same user alone, and never to a file. */
    private JsonWriter access() {
        JsonWriter json = described()
                .member(DoorMessages.AGENT, container.sandbox().agent())
                .member(
                        DoorMessages.SECRET,
                        HexFormat.of().formatHex(container.sandbox().secret().toBytes()));
        container.defaults().writeTo(json, DoorMessages.DEFAULTS);
        return json;
    }

    /** Opens a stream into the guest and carries it until both directions have ended. */
    private void connect(UnixSocket socket, int port) throws IOException, InterruptedException {
        GuestStream guest;
        try {
            guest = container.sandbox().transport().open(port, GUEST_TIME);
        } catch (IOException e) {
            throw new CaissonException(
                    ErrorKind.UNAVAILABLE,
                    "the guest of container " + container.id() + " does not accept a connection to port " + port,
                    e);
        }
        AutoCloseable reset = guest::reset;
        open.add(reset);
        try {
            if (closed) {
                guest.reset();
            }
            send(socket, DoorMessages.success());
            socket.receiveTimeout(Duration.ZERO);
            var caller = new FramedStream(socket);
            Thread fromGuest = threads.newThread(() -> copy(guest, caller));
            fromGuest.start();
            copy(caller, guest);
            fromGuest.join();
            guest.close();
        } catch (IOException | InterruptedException | RuntimeException e) {
            guest.reset();
            throw e;
        } finally {
            open.remove(reset);
        }
    }

    /** Carries one direction; when that breaks, both ends see a broken stream. */
    private static void copy(GuestStream from, GuestStream to) {
        try {
            InputStream input = from.input();
            OutputStream output = to.output();
            byte[] buffer = new byte[FramedStream.LARGEST];
            for (int count = input.read(buffer); count >= 0; count = input.read(buffer)) {
                output.write(buffer, 0, count);
            }
            to.shutdownOutput();
        } catch (IOException e) {
            from.reset();
            to.reset();
        }
    }

    /** Refuses from now on and ends what is going on. Idempotent. */
    @Override
    public void close() throws IOException {
        closed = true;
        try {
            listener.close();
        } finally {
            for (AutoCloseable each : open) {
                try {
                    each.close();
                } catch (Exception e) {
                    failures.accept(e);
                }
            }
        }
    }
}
