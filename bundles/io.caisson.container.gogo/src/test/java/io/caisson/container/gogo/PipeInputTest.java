package io.caisson.container.gogo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class PipeInputTest {
    @Test
    void aPipeWhoseLastWriterIsDeadHasEndedAlthoughNobodyClosedIt() throws Exception {
        byte[] written = "1\n2\n3\n".getBytes(StandardCharsets.US_ASCII);
        var pipe = new PipedInputStream();
        try (var out = new PipedOutputStream(pipe);
                var input = new PipeInput(pipe)) {
            Thread writer = Thread.ofPlatform().start(() -> {
                try {
                    out.write(written);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            writer.join();
            assertArrayEquals(written, input.readNBytes(written.length));
            assertThrows(IOException.class, pipe::read);
            assertEquals(-1, input.read());
            assertEquals(-1, input.read(new byte[8], 0, 8));
        }
    }

    @Test
    void otherFailuresStayFailures() {
        // Never connected.
        var input = new PipeInput(new PipedInputStream());
        assertThrows(IOException.class, input::read);
        assertThrows(IOException.class, () -> input.read(new byte[8], 0, 8));
    }
}
