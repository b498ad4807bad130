package io.caisson.guest.grpc.provider;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The initramfs archives this bundle carries, compressed, and their uncompressed copies in the home: {@code guest/<sha256
 * of the compressed file>/initramfs.cpio}. A copy is complete when it appears and never changes.
 */
final class InitramfsStore {
    private static final String FILE = "initramfs.cpio";
    private static final String PART = ".part";
    private static final int BUFFER = 256 << 10;

    /**
     * When finished copies were last modified. Whatever writes to one or cuts it changes that, and then there is a new one.
     * Any fixed time in the past serves; that of the project's reproducible archives.
     */
    private static final FileTime FINISHED = FileTime.from(Instant.parse("2026-01-01T00:00:00Z"));

    /** Nobody takes that long to unpack: who began this file has died. */
    private static final Duration ABANDONED = Duration.ofHours(1);

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

    /** The uncompressed archive, put there by the first call, and again when something has changed it. */
    Path archive(String architecture) {
        try {
            Path folder = directory.resolve(digest(architecture));
            Path copy = folder.resolve(FILE);
            if (!isFinished(copy)) {
                unpack(architecture, folder, copy);
            }
            return copy;
        } catch (IOException e) {
            throw new CaissonException(
                    ErrorKind.UNAVAILABLE,
                    "putting the guest's initramfs for " + architecture + " into " + directory + ": " + reason(e),
                    e);
        }
    }

    private static String reason(IOException e) {
        return e instanceof FileSystemException f && f.getReason() != null
                ? f.getReason()
                : e.getClass().getSimpleName();
    }

    /** The digest of the archive, as it is in the bundle. */
    String digest(String architecture) throws IOException {
        try (InputStream input = open(resource(architecture) + ".sha256")) {
            return new String(input.readAllBytes(), StandardCharsets.US_ASCII).strip();
        }
    }

    private static boolean isFinished(Path copy) throws IOException {
        return Files.exists(copy) && Files.getLastModifiedTime(copy).equals(FINISHED);
    }

    private void unpack(String architecture, Path folder, Path copy) throws IOException {
        Files.createDirectories(folder);
        removeAbandoned(folder);
        Path part = Files.createTempFile(folder, FILE, PART);
        try {
            try (var input = new GZIPInputStream(open(resource(architecture)), BUFFER);
                    FileChannel file = FileChannel.open(part, StandardOpenOption.WRITE)) {
                input.transferTo(Channels.newOutputStream(file));
                file.force(true);
            }
            Files.move(part, copy, StandardCopyOption.ATOMIC_MOVE);
            // Not before: a part this old would look abandoned to another process.
            Files.setLastModifiedTime(copy, FINISHED);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private static void removeAbandoned(Path directory) throws IOException {
        long before = Instant.now().minus(ABANDONED).toEpochMilli();
        try (DirectoryStream<Path> parts = Files.newDirectoryStream(directory, "*" + PART)) {
            for (Path part : parts) {
                // Not there any more when another process has just finished with it.
                if (Files.exists(part) && part.toFile().lastModified() < before) {
                    Files.deleteIfExists(part);
                }
            }
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
