package io.caisson.vm.qemu.provider;

import io.caisson.host.linux.ffm.ChildProcess;
import io.caisson.host.linux.ffm.ChildProcessBuilder;
import io.caisson.host.linux.ffm.ChildStream;
import io.caisson.host.linux.ffm.Descriptor;
import io.caisson.host.linux.ffm.Memfd;
import io.caisson.host.linux.ffm.ProcessSignal;
import io.caisson.host.linux.ffm.UnixSocket;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs {@link ProbeGuest} under an accelerator and looks at what it does, for that an accelerator is there does not mean
 * that it executes guest code: an emulated one may do so a thousand times slower than the processor, or give up at the
 * first unusual instruction.
 */
final class AccelerationTrial {
    /** For the whole trial. A start of a machine waits for it, once in a boot of the host. */
    static final Duration LIMIT = Duration.ofMillis(300);

    /** For the steps between two characters: ten times what a processor takes, half of what translation takes. */
    private static final long GOOD_NANOS = 5_000_000;

    /** So many characters in a row, that one which was read late does not count. */
    private static final int WINDOW = 5;

    /** How long the end of what the program says may take once it is killed. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(1);

    /** QEMU then keeps the machine, stopped, for someone to look at. */
    private static final String GIVEN_UP = "internal error";

    private final Path program;
    private final MachineType type;

    AccelerationTrial(Path program, MachineType type) {
        this.program = program;
        this.type = type;
    }

    /** What came of a trial. */
    enum Outcome {
        /** Guest code was executed as fast as by a processor. */
        GOOD,
        /** It was executed, if at all, too slowly; a busy host may be the cause. */
        SLOW,
        /** It was not executed. */
        BROKEN
    }

    /**
     * A trial's result.
     *
     * @param outcome what came of it
     * @param finding what was seen, one line
     */
    record Result(Outcome outcome, String finding) {}

    /**
     * Tries an accelerator.
     *
     * @throws IOException QEMU cannot be started
     */
    Result run(Acceleration.Kind kind, Duration limit) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        try (UnixSocket.Pair characters = UnixSocket.pair("of the acceleration trial's characters");
                UnixSocket.Pair words = UnixSocket.pair("of the acceleration trial's words");
                ChildProcess child = start(kind, characters.second(), words.second())) {
            var listener = new Listener(words.first(), child);
            Thread listening =
                    Thread.ofVirtual().name("caisson-acceleration-trial").start(listener);
            Result result;
            try {
                result = watch(characters.first(), deadline);
            } finally {
                end(child);
            }
            if (!listening.join(LAST_WORDS)) {
                // Whoever still has the other end is none of those that could be found.
                listening.interrupt();
                listening.join();
            }
            return result.outcome() == Outcome.GOOD || listener.heard().isEmpty()
                    ? result
                    : new Result(Outcome.BROKEN, listener.heard());
        }
    }

    /** Kills the program and what it has started, for it may be a script that waits for QEMU instead of becoming it. */
    private static void end(ChildProcess child) throws IOException {
        List<ProcessHandle> started = ProcessHandle.of(child.pid())
                .map(program -> program.descendants().toList())
                .orElse(List.of());
        child.kill(ProcessSignal.KILL);
        started.forEach(ProcessHandle::destroyForcibly);
    }

    private ChildProcess start(Acceleration.Kind kind, UnixSocket characters, UnixSocket words) throws IOException {
        byte[] image = ProbeGuest.image();
        try (Memfd guest = GuestMemoryFile.of("caisson-trial", image.length, out -> out.write(image));
                Descriptor port = characters.release();
                Descriptor error = words.release()) {
            ChildProcessBuilder child =
                    ChildProcess.builder(program).newSession().diesWithOwner().error(ChildStream.of(error));
            int kernel = child.inherit(guest.descriptor());
            int chardev = child.inherit(port);
            return child.arguments(arguments(kind, kernel, chardev)).start();
        }
    }

    /** As for a machine, with the least of devices. */
    private List<String> arguments(Acceleration.Kind kind, int kernel, int chardev) {
        var line = new ArrayList<String>();
        line.addAll(List.of("-name", "caisson-acceleration-trial"));
        line.addAll(List.of("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"));
        line.addAll(List.of("-accel", kind == Acceleration.Kind.KVM ? "kvm" : "tcg"));
        line.addAll(List.of("-machine", type.machine(), "-cpu", type.processor(kind), "-m", "16M"));
        line.addAll(List.of("-kernel", "/proc/self/fd/" + kernel));
        line.addAll(List.of("-chardev", "socket,id=port,fd=" + chardev));
        line.addAll(List.of("-device", "isa-debugcon,iobase=" + ProbeGuest.PORT + ",chardev=port"));
        return line;
    }

    private static Result watch(UnixSocket characters, long deadline) throws IOException {
        var arrivals = new ArrayList<Long>();
        long best = Long.MAX_VALUE;
        byte[] buffer = new byte[256];
        InputStream in = characters.input();
        while (true) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                break;
            }
            characters.receiveTimeout(Duration.ofNanos(left));
            int count;
            try {
                count = in.read(buffer);
            } catch (SocketTimeoutException e) {
                break;
            }
            if (count < 0) {
                return new Result(Outcome.BROKEN, "QEMU ended without having executed guest code");
            }
            for (int i = 0; i < count; i++) {
                arrivals.add(System.nanoTime());
            }
            if (arrivals.size() >= WINDOW) {
                long window = arrivals.getLast() - arrivals.get(arrivals.size() - WINDOW);
                best = Math.min(best, window / (WINDOW - 1));
                if (best <= GOOD_NANOS) {
                    return new Result(Outcome.GOOD, "executes guest code as fast as the processor");
                }
            }
        }
        return new Result(
                Outcome.SLOW,
                arrivals.size() < WINDOW
                        ? "executes guest code hardly at all"
                        : "executes guest code, and slowly: " + ProbeGuest.STEPS + " steps took " + best / 1_000_000
                                + " ms");
    }

    /** Reads what QEMU says and ends it when it has given up. */
    private static final class Listener implements Runnable {
        private static final int LONGEST = 4096;

        private final UnixSocket words;
        private final ChildProcess child;
        private final StringBuilder heard = new StringBuilder();

        Listener(UnixSocket words, ChildProcess child) {
            this.words = words;
            this.child = child;
        }

        @Override
        public void run() {
            byte[] buffer = new byte[1024];
            try {
                InputStream in = words.input();
                int count;
                while (!Thread.currentThread().isInterrupted() && (count = in.read(buffer)) >= 0) {
                    if (heard.length() < LONGEST) {
                        heard.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
                    }
                    if (heard.indexOf(GIVEN_UP) >= 0) {
                        end(child);
                    }
                }
            } catch (InterruptedIOException e) {
                // It has been listened to for long enough.
            } catch (IOException e) {
                heard.append(e.getMessage());
            }
        }

        /** The first line of what it said that is no mere warning; empty when there was none. */
        String heard() {
            for (String line : heard.toString().split("\n", -1)) {
                if (!line.isBlank() && !line.contains("warning:")) {
                    return line.strip();
                }
            }
            return "";
        }
    }
}
