package io.caisson.vm.qemu.provider;

import io.caisson.vm.api.VirtualMachineSpec;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The memory of machines that stand still, by what distinguishes them: files {@code <key>.memory} in a directory, which
 * appear complete and never change. Any number of processes may use the directory; one at a time makes a template. What
 * a process that died left behind is removed by the next that makes one.
 */
final class MachineTemplates {
    /** So many are kept, the latest used; each takes some 30 MiB. */
    private static final int KEPT = 8;

    private static final String MEMORY = ".memory";
    private static final String MAKING = "making-";
    private static final String UNFIT = ".unfit";
    private static final String LOCK = "lock";
    private static final long RETRY_MILLIS = 20;

    /** Nothing is known for longer: it may have been a busy host. */
    private static final Duration UNFIT_FOR = Duration.ofHours(1);

    private final Path directory;

    MachineTemplates(Path directory) {
        this.directory = directory;
    }

    /** Boots a machine and saves its memory. */
    @FunctionalInterface
    interface Maker {
        /**
         * Makes the template.
         *
         * @param memory a file to be made
         * @param workshop a directory for whatever else there is meanwhile
         */
        void make(Path memory, Path workshop) throws IOException, InterruptedException;
    }

    /**
     * Names all that a machine's memory depends on. Machines of equal keys are equal, but for their devices.
     *
     * @param bootId of the host: with another one its clocks may have other rates
     */
    static String key(MachineType type, QemuProgram program, String bootId, VirtualMachineSpec spec)
            throws IOException {
        Path kernel = spec.kernel().image();
        String all = String.join(
                "\n",
                bootId,
                program.toString(),
                type.machine(),
                kernel.toString(),
                Long.toString(Files.size(kernel)),
                Files.getLastModifiedTime(kernel).toString(),
                spec.initialRamdisk().identity(),
                spec.kernel().arguments().toString(),
                spec.kernelArguments().toString(),
                Integer.toString(spec.processors()),
                Long.toString(spec.memoryBytes()));
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(all.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /**
     * The template of this key, made when it is not there; empty when one could not be made of late.
     *
     * @throws IOException it cannot be made; that is noted
     */
    Optional<Path> get(String key, Maker maker) throws IOException, InterruptedException {
        Path template = directory.resolve(key + MEMORY);
        if (use(template)) {
            return Optional.of(template);
        }
        if (isUnfit(key)) {
            return Optional.empty();
        }
        Files.createDirectories(
                directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        try (FileChannel channel =
                        FileChannel.open(directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = lock(channel)) {
            if (lock.isValid() && !use(template)) {
                if (isUnfit(key)) {
                    return Optional.empty();
                }
                tidy();
                make(key, template, maker);
            }
            return Optional.of(template);
        }
    }

    /** Takes note that a template is in use; whether it is there. */
    private static boolean use(Path template) throws IOException {
        try {
            Files.setLastModifiedTime(template, FileTime.from(Instant.now()));
            return true;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private boolean isUnfit(String key) throws IOException {
        try {
            Instant noted =
                    Files.getLastModifiedTime(directory.resolve(key + UNFIT)).toInstant();
            return noted.isAfter(Instant.now().minus(UNFIT_FOR));
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private void make(String key, Path template, Maker maker) throws IOException, InterruptedException {
        Path workshop = Files.createTempDirectory(directory, MAKING);
        try {
            Path memory = workshop.resolve(template.getFileName());
            maker.make(memory, workshop);
            Files.move(memory, template, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException e) {
            note(key, e);
            throw e;
        } finally {
            remove(workshop);
        }
    }

    private void note(String key, Exception reason) {
        try {
            Files.writeString(directory.resolve(key + UNFIT), reason.getMessage() + "\n");
        } catch (IOException e) {
            // Then the next start tries it again, which costs time and nothing else.
            reason.addSuppressed(e);
        }
    }

    /** Removes a template that turned out to be of no use; who has it open keeps it. */
    static void discard(Path template) throws IOException {
        Files.deleteIfExists(template);
    }

    /** Asks again and again, for a virtual thread that waits in {@link FileChannel#lock} cannot be interrupted there. */
    private static FileLock lock(FileChannel channel) throws IOException, InterruptedException {
        while (true) {
            try {
                FileLock lock = channel.tryLock();
                if (lock != null) {
                    return lock;
                }
            } catch (OverlappingFileLockException e) {
                // Held by another thread of this process: as by another process.
            }
            Thread.sleep(RETRY_MILLIS);
        }
    }

    /** Makes room for one more; under the lock, so nobody is making any. */
    private void tidy() throws IOException {
        record Used(Path path, FileTime last) {}
        var templates = new ArrayList<Used>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                String name = entry.getFileName().toString();
                if (name.startsWith(MAKING)) {
                    remove(entry);
                } else if (name.endsWith(MEMORY)) {
                    templates.add(new Used(entry, Files.getLastModifiedTime(entry)));
                } else if (name.endsWith(UNFIT) && !isUnfit(name.substring(0, name.length() - UNFIT.length()))) {
                    Files.deleteIfExists(entry);
                }
            }
        }
        templates.sort(Comparator.comparing(Used::last).reversed());
        List<Used> old = templates.subList(Math.min(KEPT - 1, templates.size()), templates.size());
        for (Used each : old) {
            discard(each.path());
        }
    }

    private static void remove(Path workshop) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(workshop)) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        }
        Files.deleteIfExists(workshop);
    }
}
