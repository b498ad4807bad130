package io.caisson.host.linux.ffm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class UnixSocketTest {
    private final Path directory;

    UnixSocketTest(@TempDir Path directory) {
        this.directory = directory;
    }

    private interface Task {
        Object run() throws Exception;
    }

    /** Runs a task on a virtual thread: its result, and the thread. */
    private record Running(Thread thread, CompletableFuture<Object> result) {
        static Running start(Task task) {
            CompletableFuture<Object> result = new CompletableFuture<>();
            return new Running(
                    Thread.ofVirtual().start(() -> {
                        try {
                            result.complete(task.run());
                        } catch (Exception e) {
                            result.completeExceptionally(e);
                        }
                    }),
                    result);
        }

        void parked() {
            while (thread.getState() != Thread.State.WAITING && thread.getState() != Thread.State.TIMED_WAITING) {
                Thread.onSpinWait();
            }
        }

        Throwable failure() {
            return Objects.requireNonNull(
                    assertThrows(ExecutionException.class, result::get).getCause());
        }
    }

    private static MemorySegment bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return MemorySegment.ofArray(bytes);
    }

    private static int openDescriptors() {
        return Objects.requireNonNull(new File("/proc/self/fd").list()).length;
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
    void receivingAndSendingWithoutWaitingSayWhatHappened() throws Exception {
        try (UnixSocket.Pair pair = UnixSocket.pair("test");
                Arena arena = Arena.ofConfined()) {
            MemorySegment into = arena.allocate(4);
            assertEquals(0, pair.second().tryReceive(into));
            assertEquals(2, pair.first().trySend(bytes(7, 8)));
            assertEquals(2, pair.second().tryReceive(into));
            assertEquals(8, into.get(ValueLayout.JAVA_BYTE, 1));
            long sent = 0;
            MemorySegment much = arena.allocate(1 << 20);
            int count = pair.first().trySend(much);
            while (count > 0) {
                sent += count;
                count = pair.first().trySend(much);
            }
            assertTrue(sent > 0);
            pair.first().close();
            long received = 0;
            count = pair.second().tryReceive(much);
            while (count > 0) {
                received += count;
                count = pair.second().tryReceive(much);
            }
            assertEquals(-1, count);
            assertEquals(sent, received);
            assertEquals(
                    "EPIPE",
                    assertThrows(SystemCallException.class, () -> pair.second().trySend(bytes(1)))
                            .symbol());
            assertThrows(IllegalArgumentException.class, () -> pair.second().tryReceive(bytes()));
        }
    }

    @Test
    void aWriterWaitsForItsReaderAndNothingIsLost() throws Exception {
        byte[] sent = new byte[5_000_000];
        for (int i = 0; i < sent.length; i++) {
            sent[i] = (byte) ((i * 31) >>> 3);
        }
        try (UnixSocket.Pair pair = UnixSocket.pair("test")) {
            Running writer = Running.start(() -> {
                pair.first().output().write(sent);
                pair.first().shutdownOutput();
                return "done";
            });
            writer.parked();
            assertArrayEquals(sent, pair.second().input().readAllBytes());
            assertEquals("done", writer.result.get());
        }
    }

    @Test
    void closingWakesWhoReadsAndWhoWrites() throws Exception {
        try (UnixSocket.Pair pair = UnixSocket.pair("test")) {
            Running reader = Running.start(() -> pair.first().input().read());
            Running writer = Running.start(() -> {
                pair.first().output().write(new byte[5_000_000]);
                return "done";
            });
            reader.parked();
            writer.parked();
            pair.first().close();
            assertInstanceOf(ClosedDescriptorException.class, reader.failure());
            assertInstanceOf(ClosedDescriptorException.class, writer.failure());
            assertEquals(-1, drain(pair.second().input()));
        }
    }

    private static int drain(InputStream input) throws IOException {
        byte[] buffer = new byte[65536];
        int count = input.read(buffer);
        while (count > 0) {
            count = input.read(buffer);
        }
        return count;
    }

    @Test
    void anInterruptWakesAndTheSocketGoesOnWorking() throws Exception {
        try (UnixSocket.Pair pair = UnixSocket.pair("test")) {
            Running reader = Running.start(() -> pair.first().input().read());
            reader.parked();
            reader.thread.interrupt();
            assertInstanceOf(InterruptedIOException.class, reader.failure());
            Running receiver = Running.start(() -> pair.first().receive(bytes(0), new ArrayList<>()));
            receiver.parked();
            receiver.thread.interrupt();
            assertInstanceOf(InterruptedException.class, receiver.failure());
            pair.second().output().write(9);
            assertEquals(9, pair.first().input().read());
        }
    }

    @Test
    void receivingGivesUpInTime() throws Exception {
        try (UnixSocket.Pair pair = UnixSocket.pair("test")) {
            pair.first().receiveTimeout(Duration.ofMillis(20));
            assertThrows(
                    SocketTimeoutException.class, () -> pair.first().input().read());
            pair.second().output().write(9);
            assertEquals(9, pair.first().input().read());
        }
    }

    @Test
    void hundredsWaitAtOnceOnOneThread() throws Exception {
        List<UnixSocket.Pair> pairs = new ArrayList<>();
        List<Running> readers = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            UnixSocket.Pair pair = UnixSocket.pair("test " + i);
            pairs.add(pair);
            readers.add(Running.start(() -> pair.first().input().read()));
        }
        readers.forEach(Running::parked);
        assertEquals(1, pollers().size());
        for (int i = 0; i < pairs.size(); i++) {
            pairs.get(i).second().output().write(i);
        }
        for (int i = 0; i < pairs.size(); i++) {
            assertEquals(i & 0xff, readers.get(i).result.get());
        }
        List<Thread> pollers = pollers();
        pairs.forEach(UnixSocket.Pair::close);
        for (Thread poller : pollers) {
            poller.join();
        }
        assertEquals(List.of(), pollers());
    }

    private static List<Thread> pollers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("caisson-host-poller"))
                .toList();
    }

    @Test
    void aListenerIsForItsOwnerAloneAndRemovesItsSocket() throws Exception {
        Path path = directory.resolve("s");
        try (UnixListener listener = UnixListener.bind(path)) {
            assertEquals(path, listener.path());
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
            assertEquals(Optional.empty(), listener.tryAccept());
            assertEquals(
                    "EADDRINUSE",
                    assertThrows(SystemCallException.class, () -> UnixListener.bind(path))
                            .symbol());
            assertTrue(Files.exists(path), "the second attempt removed the first one's socket");
        }
        assertFalse(Files.exists(path));
    }

    @Test
    void aListenerLeavesWhatHasTakenItsPlace() throws Exception {
        Path path = directory.resolve("s");
        UnixListener listener = UnixListener.bind(path);
        Files.move(path, directory.resolve("away"));
        try (UnixListener next = UnixListener.bind(path)) {
            listener.close();
            listener.close();
            assertTrue(Files.exists(next.path()));
        }
    }

    @Test
    void closingAListenerWakesWhoAccepts() throws Exception {
        UnixListener listener = UnixListener.bind(directory.resolve("s"));
        Running accepting = Running.start(listener::accept);
        accepting.parked();
        listener.close();
        assertInstanceOf(ClosedDescriptorException.class, accepting.failure());
        assertThrows(ClosedDescriptorException.class, listener::tryAccept);
    }

    @Test
    void saysWhyItCannotConnectOrListen() throws Exception {
        Path path = directory.resolve("s");
        assertEquals(
                "ENOENT",
                assertThrows(SystemCallException.class, () -> UnixSocket.connect(path))
                        .symbol());
        UnixListener.bind(path).close();
        Files.writeString(path, "no socket");
        SystemCallException refused = assertThrows(SystemCallException.class, () -> UnixSocket.connect(path));
        assertEquals("ECONNREFUSED", refused.symbol());
        assertEquals("connect(" + path + "): Connection refused (ECONNREFUSED, errno 111)", refused.getMessage());
        Path nowhere = directory.resolve("missing").resolve("n".repeat(100));
        assertEquals(
                "ENOENT",
                assertThrows(SystemCallException.class, () -> UnixListener.bind(nowhere))
                        .symbol());
        Path longName = directory.resolve("n".repeat(100));
        IOException tooLong = assertThrows(IOException.class, () -> UnixListener.bind(longName));
        assertTrue(tooLong.toString().contains("too long"), tooLong.toString());
    }

    @Test
    void pathsLongerThanTheKernelTakesWork() throws Exception {
        int before = openDescriptors();
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
        awaitNoPoller();
        assertEquals(before, openDescriptors());
    }

    private static void awaitNoPoller() throws InterruptedException {
        for (Thread poller : pollers()) {
            poller.join();
        }
    }

    @Test
    void knowsItsPeer() throws Exception {
        Path path = directory.resolve("s");
        try (UnixListener listener = UnixListener.bind(path);
                UnixSocket client = UnixSocket.connect(path);
                UnixSocket server = listener.accept()) {
            PeerCredentials peer = server.peerCredentials();
            assertEquals(HostInfo.userId(), peer.userId());
            assertEquals(ProcessHandle.current().pid(), peer.processId());
            assertEquals(peer, client.peerCredentials());
        }
    }

    @Test
    void passesDescriptors() throws Exception {
        try (UnixSocket.Pair pair = UnixSocket.pair("test");
                Memfd file = Memfd.create("passed", 4096, Seal.SHRINK);
                EventFd event = EventFd.create("passed")) {
            pair.first().send(bytes(1, 2, 3), List.of(file.descriptor(), event.descriptor()));
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

    @Test
    void nothingSentAfterDescriptorsComesWithThem() throws Exception {
        try (UnixSocket.Pair pair = UnixSocket.pair("test");
                Memfd file = Memfd.create("passed", 1)) {
            pair.first().send(bytes(1), List.of());
            pair.first().send(bytes(2), List.of(file.descriptor()));
            pair.first().send(bytes(3), List.of(file.descriptor()));
            pair.first().send(bytes(4), List.of());
            MemorySegment into = bytes(0, 0, 0, 0);
            List<Descriptor> received = new ArrayList<>();
            assertEquals(2, pair.second().receive(into, received));
            assertEquals(1, received.size());
            assertEquals(1, pair.second().receive(into, received));
            assertEquals(2, received.size());
            assertEquals(1, pair.second().receive(into, received));
            assertEquals(4, into.get(ValueLayout.JAVA_BYTE, 0));
            received.forEach(Descriptor::close);
        }
    }

    @Test
    void refusesMoreDescriptorsThanItTakesAndKeepsNone() throws Exception {
        try (UnixSocket.Pair pair = UnixSocket.pair("test");
                Memfd file = Memfd.create("passed", 1)) {
            List<Descriptor> many = new ArrayList<>();
            for (int i = 0; i < Messages.MAXIMUM_DESCRIPTORS; i++) {
                many.add(file.descriptor());
            }
            List<Descriptor> received = new ArrayList<>();
            pair.first().send(bytes(1), many);
            assertEquals(1, pair.second().receive(bytes(0), received));
            assertEquals(Messages.MAXIMUM_DESCRIPTORS, received.size());
            received.forEach(Descriptor::close);
            received.clear();
            many.add(file.descriptor());
            assertThrows(IllegalArgumentException.class, () -> pair.first().send(bytes(1), many));

            int before = openDescriptors();
            sendMany(pair.first(), file.descriptor(), Messages.MAXIMUM_DESCRIPTORS + 1);
            IOException refused =
                    assertThrows(IOException.class, () -> pair.second().receive(bytes(0), received));
            assertTrue(refused.toString().contains("MSG_CTRUNC"), refused.toString());
            assertEquals(List.of(), received);
            assertEquals(before, openDescriptors());
        }
    }

    /** What {@link Messages} itself refuses to send. */
    private static void sendMany(UnixSocket socket, Descriptor descriptor, int count) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            long length = Structs.Cmsghdr.SIZE + 4L * count;
            MemorySegment control = arena.allocate(length + 8, 8);
            control.set(ValueLayout.JAVA_LONG, Structs.Cmsghdr.CMSG_LEN, length);
            control.set(ValueLayout.JAVA_INT, Structs.Cmsghdr.CMSG_LEVEL, SocketCalls.SOL_SOCKET);
            control.set(ValueLayout.JAVA_INT, Structs.Cmsghdr.CMSG_TYPE, SocketCalls.SCM_RIGHTS);
            int fd = descriptor.acquire();
            for (int i = 0; i < count; i++) {
                control.set(ValueLayout.JAVA_INT, Structs.Cmsghdr.SIZE + 4L * i, fd);
            }
            MemorySegment one = arena.allocate(1);
            MemorySegment iovec = arena.allocate(Structs.Iovec.SIZE, 8);
            iovec.set(ValueLayout.JAVA_LONG, Structs.Iovec.IOV_BASE, one.address());
            iovec.set(ValueLayout.JAVA_LONG, Structs.Iovec.IOV_LEN, 1);
            MemorySegment message = arena.allocate(Structs.Msghdr.SIZE, 8);
            message.set(ValueLayout.JAVA_LONG, Structs.Msghdr.MSG_IOV, iovec.address());
            message.set(ValueLayout.JAVA_LONG, Structs.Msghdr.MSG_IOVLEN, 1);
            message.set(ValueLayout.JAVA_LONG, Structs.Msghdr.MSG_CONTROL, control.address());
            message.set(ValueLayout.JAVA_LONG, Structs.Msghdr.MSG_CONTROLLEN, length);
            assertEquals(1, SocketCalls.sendmsg(socket.descriptor().acquire(), message));
            socket.descriptor().release();
            descriptor.release();
        }
    }

    @Test
    void descriptorsReachAnotherProcess() throws Exception {
        Path path = directory.resolve("s");
        try (UnixListener listener = UnixListener.bind(path);
                ChildProcess peer = TestJvm.builder(Peer.class, path.toString()).start();
                UnixSocket socket = listener.accept()) {
            assertEquals(peer.pid(), socket.peerCredentials().processId());
            List<Descriptor> received = new ArrayList<>();
            assertEquals(1, socket.receive(bytes(0), received));
            try (Descriptor memory = received.get(0);
                    EventFd answer = EventFd.adopt(received.get(1));
                    Epoll epoll = Epoll.open("answer", 1);
                    MemoryMapping mapping = MemoryMapping.mapSealed(memory, 0, 4096, MemoryMapping.Access.READ_WRITE)) {
                assertEquals(42, mapping.segment().get(ValueLayout.JAVA_INT, 0));
                mapping.segment().set(ValueLayout.JAVA_INT, 4, 43);
                socket.output().write(1);
                epoll.add(answer.descriptor(), Interest.READ, 1);
                assertEquals(1, epoll.await(-1));
                assertEquals(44, mapping.segment().get(ValueLayout.JAVA_INT, 8));
            }
            assertEquals(new ProcessExit.Exited(0), peer.awaitExit());
        }
    }

    /** Passes memory and an event, waits for a byte, answers in memory and signals. */
    static final class Peer {
        private Peer() {}

        public static void main(String[] arguments) throws Exception {
            try (UnixSocket socket = UnixSocket.connect(Path.of(arguments[0]));
                    Memfd memory = Memfd.create("of the peer", 4096, Seal.SHRINK);
                    EventFd answer = EventFd.create("of the peer");
                    MemoryMapping mapping =
                            MemoryMapping.map(memory.descriptor(), 0, 4096, MemoryMapping.Access.READ_WRITE)) {
                mapping.segment().set(ValueLayout.JAVA_INT, 0, 42);
                socket.send(bytes(1), List.of(memory.descriptor(), answer.descriptor()));
                int got = socket.input().read();
                mapping.segment()
                        .set(ValueLayout.JAVA_INT, 8, got + mapping.segment().get(ValueLayout.JAVA_INT, 4));
                answer.signal();
            }
        }
    }

    @Test
    void aChildTalksOverAnInheritedEnd() throws Exception {
        try (UnixSocket.Pair pair = UnixSocket.pair("channel")) {
            ChildProcessBuilder builder =
                    ChildProcess.builder(Path.of("/bin/sh")).arguments("-c", "read line <&3; echo got $line >&3");
            ChildProcess child;
            try (Descriptor end = pair.second().release()) {
                builder.inherit(end);
                child = builder.start();
            }
            try (child;
                    OutputStream output = pair.first().output()) {
                output.write("this\n".getBytes(UTF_8));
                assertEquals("got this\n", new String(pair.first().input().readAllBytes(), UTF_8));
            }
        }
    }

    @Test
    void aReleasedSocketGoesOnUnderAnotherObject() throws Exception {
        try (UnixSocket.Pair pair = UnixSocket.pair("test")) {
            Running reader = Running.start(() -> pair.first().input().read());
            reader.parked();
            Descriptor released = pair.first().release();
            assertInstanceOf(ClosedDescriptorException.class, reader.failure());
            try (UnixSocket again = UnixSocket.adopt(released)) {
                pair.second().output().write(5);
                assertEquals(5, again.input().read());
            }
            assertEquals(-1, pair.second().input().read());
        }
    }

    @Test
    void openingAndClosingLeavesNothing() throws Exception {
        int before = openDescriptors();
        for (int i = 0; i < 10_000; i++) {
            try (UnixSocket.Pair pair = UnixSocket.pair("test")) {
                pair.first().trySend(bytes(1));
            }
        }
        awaitNoPoller();
        assertEquals(before, openDescriptors());
    }
}
