package io.caisson.vm.qemu.provider;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A log file of bounded size whose end is also kept in memory. What a guest writes cannot fill the disk: a file that has
 * reached its limit becomes {@code NAME.1}, in place of an older one. A full disk loses lines and stops nothing.
 *
 * <p>Written by one thread; read by any.
 */
final class BoundedLog implements AutoCloseable {
    private static final int TAIL = 16 << 10;

    private final Path file;
    private final long limit;
    private final byte[] tail = new byte[TAIL];
    private long written;
    private long size;
    private @Nullable FileChannel channel;
    private @Nullable IOException failure;
    private @Nullable Expected expected;

    private BoundedLog(Path file, long limit) throws IOException {
        this.file = file;
        this.limit = limit;
        channel = open();
    }

    /** Opens a log; an earlier file of that name is continued. */
    static BoundedLog open(Path file, long limit) throws IOException {
        return new BoundedLog(file, limit);
    }

    private FileChannel open() throws IOException {
        FileChannel opened =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
        size = opened.size();
        return opened;
    }

    /** Adds to the log, as far as the disk takes it. */
    synchronized void append(byte[] bytes, int count) {
        for (int i = Math.max(0, count - TAIL); i < count; i++) {
            tail[(int) ((written + i) % TAIL)] = bytes[i];
        }
        written += count;
        look();
        try {
            write(ByteBuffer.wrap(bytes, 0, count));
        } catch (IOException e) {
            failure = e;
        }
    }

    private void write(ByteBuffer bytes) throws IOException {
        if (channel != null && size + bytes.remaining() > limit) {
            channel.close();
            channel = null;
            Files.move(file, Path.of(file + ".1"), StandardCopyOption.REPLACE_EXISTING);
            channel = open();
        }
        if (channel != null) {
            while (bytes.hasRemaining()) {
                size += channel.write(bytes);
            }
        }
    }

    /** A line somebody waits for. */
    private record Expected(String line, CompletableFuture<Void> seen) {}

    /** Done when this line has been written, or was among the last before. One line at a time can be waited for. */
    synchronized CompletableFuture<Void> line(String line) {
        var seen = new CompletableFuture<Void>();
        expected = new Expected(line, seen);
        look();
        return seen;
    }

    private void look() {
        if (expected != null && lastLines(TAIL).contains(expected.line())) {
            expected.seen().complete(null);
            expected = null;
        }
    }

    /** What was to be logged could not be read. */
    synchronized void failed(IOException reason) {
        failure = reason;
    }

    /** Why the file misses something; empty when it does not. */
    synchronized String problem() {
        return failure == null ? "" : file.getFileName() + " is incomplete: " + failure.getMessage();
    }

    /** The end of what was written, line by line, without empty lines and control characters. */
    synchronized List<String> lastLines(int count) {
        int kept = (int) Math.min(written, TAIL);
        byte[] end = new byte[kept];
        for (int i = 0; i < kept; i++) {
            end[i] = tail[(int) ((written - kept + i) % TAIL)];
        }
        var lines = new ArrayList<String>();
        for (String line : new String(end, StandardCharsets.UTF_8).split("\n", -1)) {
            String clean = printable(line);
            if (!clean.isEmpty()) {
                lines.add(clean);
            }
        }
        return List.copyOf(lines.subList(Math.max(0, lines.size() - count), lines.size()));
    }

    private static String printable(String line) {
        var clean = new StringBuilder(line.length());
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (!Character.isISOControl(c)) {
                clean.append(c);
            } else if (c == '\t') {
                clean.append(' ');
            }
        }
        return clean.toString().strip();
    }

    /** What the disk has not taken by now is lost. Idempotent. */
    @Override
    public synchronized void close() {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                failure = e;
            }
            channel = null;
        }
    }
}
