package io.caisson.container.provider;

import io.caisson.host.linux.ffm.SystemCallException;
import io.caisson.host.linux.ffm.UnixSocket;
import io.caisson.json.library.JsonException;
import io.caisson.json.library.JsonObject;
import io.caisson.json.library.JsonWriter;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.vsock.api.GuestStream;
import io.caisson.vsock.api.GuestTransport;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;

/** Speaks to the owner of a container through the container's door. Also carries streams into its guest. */
final class DoorClient implements GuestTransport {
    private final String name;
    private final Path socket;

    /**
     * For one container.
     *
     * @param name what errors call it
     * @param socket the socket in its folder
     */
    DoorClient(String name, Path socket) {
        this.name = name;
        this.socket = socket;
    }

    /**
     * Asks for something and waits for the answer.
     *
     * @throws CaissonException the failure the owner reports; UNAVAILABLE when there is no owner, TIMEOUT when it does
     *     not answer in time
     */
    JsonObject ask(JsonWriter request, Duration timeout) throws InterruptedException {
        try (UnixSocket connection = UnixSocket.connect(socket)) {
            connection.receiveTimeout(timeout);
            connection.output().write(DoorMessages.line(request));
            // The owner says nothing after the answer: reading ahead loses nothing.
            return DoorMessages.checked(
                    DoorMessages.readLine(new BufferedInputStream(connection.input()), DoorMessages.LONGEST_ANSWER));
        } catch (SocketTimeoutException e) {
            throw new CaissonException(
                    ErrorKind.TIMEOUT, "the owner of container " + name + " does not answer at " + socket, e);
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    /** What to report when the door does not open. */
    CaissonException unreachable(IOException e) {
        boolean absent = e instanceof SystemCallException call
                && (call.symbol().equals("ENOENT") || call.symbol().equals("ECONNREFUSED"));
        return new CaissonException(
                ErrorKind.UNAVAILABLE,
                absent
                        ? "container " + name + " cannot be reached: it is being created or has just ended"
                        : "the owner of container " + name + " cannot be asked: " + e.getMessage(),
                e);
    }

    @Override
    public GuestStream open(int port, Duration timeout) throws IOException, InterruptedException {
        UnixSocket connection = UnixSocket.connect(socket);
        try {
            connection.receiveTimeout(timeout);
            connection
                    .output()
                    .write(DoorMessages.line(DoorMessages.request(DoorMessages.CONNECT)
                            .member(DoorMessages.PORT, Integer.toUnsignedLong(port))));
            checked(DoorMessages.readLine(connection.input(), DoorMessages.LONGEST_ANSWER));
            connection.receiveTimeout(Duration.ZERO);
            return new FramedStream(connection);
        } catch (IOException | RuntimeException | Error e) {
            connection.close();
            throw e;
        }
    }

    private static void checked(JsonObject answer) throws IOException {
        try {
            DoorMessages.checked(answer);
        } catch (CaissonException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** Reads a member of an answer. */
    @FunctionalInterface
    interface Member<T> {
        T read() throws JsonException;
    }

    /** A member of an answer, which the owner is trusted to give. */
    <T> T member(Member<T> member) {
        try {
            return member.read();
        } catch (JsonException e) {
            throw new CaissonException(
                    ErrorKind.UNSUPPORTED,
                    "the owner of container " + name + " is another version of Caisson: " + e.getMessage(),
                    e);
        }
    }
}
