package io.caisson.itest.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;

/**
 * The least that a machine like Caisson's takes: QEMU with the very command line of one that Caisson has booted, but
 * with an init that prints one line, the console instead of a log, nobody who controls it, and no vsock device, which
 * would need a peer.
 */
final class Floor implements AutoCloseable {
    private static final String LINE = "floor";
    /** QEMU's options without a value. */
    private static final Set<String> FLAGS = Set.of("-nodefaults", "-no-user-config", "-no-reboot");

    private static final long DISK_BYTES = 64L << 20;

    private final List<Path> disks;
    private final List<String> command;

    private Floor(List<Path> disks, List<String> command) {
        this.disks = disks;
        this.command = command;
    }

    /**
     * The floor of a machine.
     *
     * @param monitor its QEMU, which runs
     * @param initramfs with the init that prints a line
     */
    static Floor of(ProcessHandle monitor, Path initramfs) throws IOException {
        Path process = Path.of("/proc", Long.toString(monitor.pid()));
        List<String> theirs = arguments(process);
        var disks = new ArrayList<Path>();
        var command = new ArrayList<String>();
        command.add(process.resolve("exe").toRealPath().toString());
        Iterator<String> rest = theirs.listIterator(1);
        while (rest.hasNext()) {
            String option = rest.next();
            String value = FLAGS.contains(option) ? "" : rest.next();
            String ours =
                    switch (option) {
                        case "-kernel" -> opened(process, value).toString();
                        case "-initrd" -> initramfs.toString();
                        case "-blockdev" -> emptyDisk(value, disks);
                        case "-chardev" -> value.contains("id=console") ? "stdio,id=console" : "";
                        case "-device" -> value.startsWith("vhost-user-vsock") ? "" : value;
                        case "-object" ->
                            value.replaceFirst("memory-backend-file,(.*),mem-path=.*", "memory-backend-memfd,$1");
                        case "-add-fd", "-mon" -> "";
                        default -> value;
                    };
            if (FLAGS.contains(option)) {
                command.add(option);
            } else if (!ours.isEmpty()) {
                command.addAll(List.of(option, ours));
            }
        }
        return new Floor(disks, command);
    }

    /** The machine's own disks are open in its monitor alone, or about to be deleted; the init reads none. */
    private static String emptyDisk(String value, List<Path> disks) throws IOException {
        Path disk = Files.createTempFile("caisson-floor", ".img");
        disks.add(disk);
        try (var file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(DISK_BYTES);
        }
        return value.replaceFirst("/dev/fdset/\\d+", disk.toString());
    }

    private static List<String> arguments(Path process) throws IOException {
        // Each ends with a zero byte, so behind the last one is nothing.
        List<String> pieces =
                List.of(Files.readString(process.resolve("cmdline")).split("\0", -1));
        return pieces.subList(0, pieces.size() - 1);
    }

    /** What {@code /proc/self/fd/N} is for that process. */
    private static Path opened(Path process, String descriptor) throws IOException {
        return process.resolve("fd")
                .resolve(String.valueOf(Path.of(descriptor).getFileName()))
                .toRealPath();
    }

    /** What executes the guest's code: {@code tcg} or {@code kvm}. */
    String accelerator() {
        return command.get(command.indexOf("-accel") + 1).replaceFirst(",.*", "");
    }

    /** The program. */
    String program() {
        return command.getFirst();
    }

    /** Seconds from the start of QEMU to the last byte of the init's line. */
    double seconds() throws IOException {
        long begin = System.nanoTime();
        Process qemu = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            awaitLine(qemu.getInputStream());
            return (System.nanoTime() - begin) / 1e9;
        } finally {
            qemu.destroyForcibly().onExit().join();
        }
    }

    private static void awaitLine(InputStream console) throws IOException {
        byte[] buffer = new byte[4096];
        var seen = new StringBuilder();
        while (seen.indexOf(LINE) < 0) {
            int count = console.read(buffer);
            if (count < 0) {
                throw new IOException("the floor's machine ended early: " + seen);
            }
            seen.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
        }
    }

    @Override
    public void close() throws IOException {
        for (Path disk : disks) {
            Files.delete(disk);
        }
    }
}
