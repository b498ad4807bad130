package io.caisson.container.provider;

import io.caisson.host.linux.ffm.UnixSocket;
import io.caisson.vsock.api.GuestStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Streams into a guest that is a thread here. */
final class Echo {
    private Echo() {}

    /** Sends back what it gets, and ends when its caller does. */
    static GuestStream start() throws IOException {
        UnixSocket.Pair pair = UnixSocket.pair("echo");
        Thread.ofVirtual().start(() -> {
            try (UnixSocket guest = pair.second()) {
                var stream = new FramedStream(guest);
                stream.input().transferTo(stream.output());
                stream.shutdownOutput();
                stream.input().read();
            } catch (IOException e) {
                pair.second().close();
            }
        });
        return new FramedStream(pair.first());
    }

    /** Sends back one byte and breaks. */
    static GuestStream breaking() throws IOException {
        UnixSocket.Pair pair = UnixSocket.pair("breaking");
        Thread.ofVirtual().start(() -> {
            var stream = new FramedStream(pair.second());
            try {
                InputStream input = stream.input();
                OutputStream output = stream.output();
                output.write(input.read());
            } catch (IOException e) {
                return;
            } finally {
                stream.reset();
            }
        });
        return new FramedStream(pair.first());
    }
}
