package io.caisson.host.linux.ffm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixSocketTest {
    private final Path directory;

    UnixSocketTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @Test
    void carriesBytesBothWaysAndEndsInOrder() throws Exception {
        Path path = directory.resolve("s");
        try (UnixListener listener = UnixListener.bind(path);
                UnixSocket client = UnixSocket.connect(path);
                UnixSocket server = listener.accept()) {
            client.output().write("hello".getBytes(UTF_8));
            client.shutdownOutput();
            assertArrayEquals("hello".getBytes(UTF_8), server.input().readAllBytes());
            server.output().write("goodbye".getBytes(UTF_8));
            server.shutdownOutput();
            assertArrayEquals("goodbye".getBytes(UTF_8), client.input().readAllBytes());
        }
    }

    @Test
    void aListenerIsForItsOwnerAloneAndRemovesItsSocket() throws Exception {
        Path path = directory.resolve("s");
        try (UnixListener listener = UnixListener.bind(path)) {
            assertEquals(path, listener.path());
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
        }
        assertFalse(Files.exists(path));
    }

    @Test
    void pathsLongerThanTheKernelTakesWork() throws Exception {
        Path deep = Files.createDirectories(directory.resolve("d".repeat(100)).resolve("e".repeat(200)));
        Path path = deep.resolve("the.socket");
        try (UnixListener listener = UnixListener.bind(path);
                UnixSocket client = UnixSocket.connect(path);
                UnixSocket server = listener.accept()) {
            assertTrue(Files.exists(path));
            client.output().write(1);
            assertEquals(1, server.input().read());
        }
        assertFalse(Files.exists(path));
    }

    @Test
    void passesDescriptors() throws Exception {
        try (UnixSocket.Pair pair = UnixSocket.pair("test");
                Memfd file = Memfd.create("passed", 4096, Seal.SHRINK);
                EventFd event = EventFd.create("passed")) {
            pair.first()
                    .send(MemorySegment.ofArray(new byte[] {1, 2, 3}), List.of(file.descriptor(), event.descriptor()));
            List<Descriptor> received = new ArrayList<>();
            byte[] bytes = new byte[10];
            assertEquals(3, pair.second().receive(MemorySegment.ofArray(bytes), received));
            assertEquals(2, received.size());
            assertEquals(4096, received.get(0).size());
            try (EventFd same = EventFd.adopt(received.get(1))) {
                same.signal();
                assertTrue(event.drain());
                assertFalse(event.drain());
            }
            assertThrows(IOException.class, () -> EventFd.adopt(received.get(0)));
            received.get(0).close();
        }
    }
}
