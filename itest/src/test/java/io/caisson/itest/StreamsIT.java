package io.caisson.itest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Standard streams: a lot, slow, broken and missing. */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StreamsIT {
    private static final int BLOCK = 4 << 20;
    private static final int BLOCKS = 256;
    private static final long INPUT = 300_000_000;

    @TempDir
    static Path home;

    private static Caisson caisson;
    private static Leftovers leftovers;

    @BeforeAll
    static void furnish() throws Exception {
        caisson = Caisson.withHome(home);
        leftovers = Leftovers.watch(caisson, home);
    }

    @AfterEach
    void leavesNothingBehind() throws Exception {
        leftovers.assertNone();
    }

    /** What seq(1) prints, as much of it as fits. */
    private static byte[] numbers(int length) {
        var bytes = new ByteArrayOutputStream(length + 16);
        for (int i = 1; bytes.size() < length; i++) {
            bytes.writeBytes((i + "\n").getBytes(StandardCharsets.US_ASCII));
        }
        return Arrays.copyOf(bytes.toByteArray(), length);
    }

    /** More than a gibibyte in which no two places look alike, made with little computing in the guest. */
    @Test
    void aGibibyteArrivesWholeAndInOrder() throws Exception {
        String script = "seq 1 700000 | head -c " + BLOCK + " >/block; i=0; " + "while [ $i -lt " + BLOCKS
                + " ]; do echo \"block $i\"; cat /block; i=$((i+1)); done";
        Process process = caisson.builder("run", "busybox", "sh", "-c", script).start();
        try (InputStream output = process.getInputStream()) {
            byte[] block = numbers(BLOCK);
            for (int i = 0; i < BLOCKS; i++) {
                byte[] head = ("block " + i + "\n").getBytes(StandardCharsets.US_ASCII);
                assertArrayEquals(head, output.readNBytes(head.length), "in front of block " + i);
                assertTrue(Arrays.equals(block, output.readNBytes(BLOCK)), "block " + i + " is not what was written");
            }
            assertEquals(-1, output.read());
            assertEquals(0, process.waitFor());
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void threeHundredMegabytesOfInputArriveWholeAndInOrder() throws Exception {
        var digest = MessageDigest.getInstance("MD5");
        try (var started = caisson.start("run", "-i", "busybox", "md5sum")) {
            try (OutputStream input = new BufferedOutputStream(started.process().getOutputStream(), 1 << 16)) {
                byte[] block = numbers(BLOCK);
                for (long left = INPUT, i = 0; left > 0; i++) {
                    byte[] head = ("block " + i + "\n").getBytes(StandardCharsets.US_ASCII);
                    int body = (int) Math.min(block.length, Math.max(0, left - head.length));
                    for (byte[] part : new byte[][] {head, Arrays.copyOf(block, body)}) {
                        digest.update(part);
                        input.write(part);
                    }
                    left -= head.length + body;
                }
            }
            Caisson.Outcome outcome = started.finish();
            assertEquals(HexFormat.of().formatHex(digest.digest()) + "  -\n", outcome.text(), outcome::toString);
            assertEquals(0, outcome.status());
        }
    }

    @Test
    void aReaderThatDoesNotReadHoldsTheWriterUp() throws Exception {
        String script = "head -c 65536 /dev/zero >/block; echo ready; i=0; "
                + "while cat /block; do i=$((i+1)); echo $i >/count; done";
        Process process = caisson.builder("run", "--name", "flood", "busybox", "sh", "-c", script)
                .start();
        try (InputStream output = process.getInputStream()) {
            assertEquals("ready\n", new String(output.readNBytes(6), StandardCharsets.US_ASCII));
            String count = "";
            String next = count();
            while (!next.equals(count)) {
                count = next;
                next = count();
            }
            long written = Long.parseLong(count.strip()) << 16;
            assertTrue(written < 16 << 20, written + " bytes were taken that nobody had read");
            // And it goes on from there.
            output.skipNBytes(32 << 20);
        }
        assertEquals(141, process.waitFor());
    }

    private static String count() throws Exception {
        Caisson.Outcome outcome = caisson.run("container", "exec", "flood", "cat", "/count");
        assertEquals("", outcome.err());
        return outcome.text();
    }

    @Test
    void aWriterWithoutAReaderEndsQuietlyAsFromSigpipe() throws Exception {
        Process process = caisson.builder("run", "busybox", "yes").start();
        CompletableFuture<byte[]> err = CompletableFuture.supplyAsync(() -> readAll(process.getErrorStream()));
        try (InputStream output = process.getInputStream()) {
            assertEquals('y', output.read());
        }
        assertEquals(141, process.waitFor());
        assertEquals("", new String(err.join(), StandardCharsets.UTF_8));
    }

    private static byte[] readAll(InputStream stream) {
        try (stream) {
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void outputThatCannotBeWrittenIsAFailure() throws Exception {
        for (String[] command : new String[][] {{"run", "busybox", "echo", "lost"}, {"image", "list"}}) {
            Process process = caisson.builder(command)
                    .redirectOutput(new File("/dev/full"))
                    .start();
            String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals("caisson: cannot write to standard output: No space left on device\n", err);
            assertEquals(125, process.waitFor());
        }
    }

    /** The first file that a program opens gets the number of a stream that is closed. */
    @Test
    void closedStreamsAreEmptyAndNeverSomeFile() throws Exception {
        Caisson.Outcome input = shell("exec \"$@\" <&-").run("run", "-i", "busybox", "cat");
        assertEquals(new Caisson.Outcome(0, "", ""), input);
        Caisson.Outcome outputs =
                shell("exec \"$@\" >&- 2>&-").run("run", "busybox", "sh", "-c", "echo out; echo err >&2; exit 3");
        assertEquals(new Caisson.Outcome(3, "", ""), outputs);
    }

    private static Caisson shell(String script) {
        return caisson.through("sh", "-c", script, "sh");
    }

    @Test
    void everyByteIsCarriedAsItIs() throws Exception {
        byte[] all = new byte[1 << 16];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) (i * 7 + (i >> 8));
        }
        Process process = caisson.builder("run", "-i", "busybox", "sh", "-c", "cat; exec >&-; exec cat >&2")
                .start();
        try (OutputStream input = process.getOutputStream()) {
            input.write(all);
        }
        assertArrayEquals(all, process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor());
    }
}
