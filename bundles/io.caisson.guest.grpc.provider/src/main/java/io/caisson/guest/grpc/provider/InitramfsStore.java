package io.caisson.guest.grpc.provider;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The initramfs archives this bundle carries, compressed, and their uncompressed copies in the home: {@code guest/<sha256
 * of the compressed file>/initramfs.cpio}. A copy is complete when it appears and never changes.
 */
final class InitramfsStore {
    private static final String FILE = "initramfs.cpio";
    private static final int BUFFER = 256 << 10;

    private final Path directory;
    private final Class<?> resources;

    /**
     * @param home where copies are kept
     * @param resources the class beside which the archives are
     */
    InitramfsStore(Path home, Class<?> resources) {
        directory = home.resolve("guest");
        this.resources = resources;
    }

    /** Whether there is an archive for this architecture. */
    boolean has(String architecture) {
        return resources.getResource(resource(architecture)) != null;
    }

    /** The uncompressed archive, put there by the first call. */
    Path archive(String architecture) {
        try {
            Path target = directory.resolve(digest(architecture)).resolve(FILE);
            if (!Files.exists(target)) {
                unpack(architecture, target);
            }
            return target;
        } catch (IOException e) {
            throw new CaissonException(
                    ErrorKind.UNAVAILABLE,
                    "putting the guest's initramfs for " + architecture + " into " + directory + ": " + reason(e),
                    e);
        }
    }

    private static String reason(IOException e) {
        return e instanceof java.nio.file.FileSystemException f && f.getReason() != null
                ? f.getReason()
                : e.getClass().getSimpleName();
    }

    private String digest(String architecture) throws IOException {
        try (InputStream input = open(resource(architecture) + ".sha256")) {
            return new String(input.readAllBytes(), StandardCharsets.US_ASCII).strip();
        }
    }

    private void unpack(String architecture, Path target) throws IOException {
        Files.createDirectories(target.getParent());
        Path beside = Files.createTempFile(target.getParent(), FILE, ".new");
        try {
            try (var input = new GZIPInputStream(open(resource(architecture)), BUFFER);
                    FileChannel file = FileChannel.open(beside, StandardOpenOption.WRITE)) {
                input.transferTo(Channels.newOutputStream(file));
                file.force(true);
            }
            Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(beside);
        }
    }

    private InputStream open(String resource) throws IOException {
        @Nullable InputStream input = resources.getResourceAsStream(resource);
        if (input == null) {
            throw new IOException("no resource " + resource);
        }
        return input;
    }

    private static String resource(String architecture) {
        return "initramfs-" + architecture + ".cpio.gz";
    }
}
