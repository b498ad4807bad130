package io.caisson.kernel.bundled.provider;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.zip.GZIPInputStream;

/**
 * A kernel image on disk, unpacked when it is first needed and checked whenever it may have changed.
 *
 * <p>Any number of processes may do that at once: each writes a file of its own and renames it, and what is there is
 * never written to. A machine that started from a file that is then replaced keeps the old one.
 *
 * <p>Hashing the image for every machine would take longer than booting it. A file that was checked bears one
 * particular time of modification; whatever writes to it changes that, and then it is hashed again.
 */
final class KernelFile {
    /** Any fixed time in the past serves; that of the project's reproducible archives. */
    private static final FileTime CHECKED = FileTime.from(Instant.parse("2026-01-01T00:00:00Z"));

    /** Nobody takes that long to unpack: who began this file has died. */
    private static final Duration ABANDONED = Duration.ofHours(1);

    private static final String PART = ".part";

    private final Path directory;
    private final Path path;
    private final long size;
    private final String sha256;

    /**
     * A kernel's place on disk.
     *
     * @param directory for this image alone; it need not exist
     * @param size the image's, in bytes
     * @param sha256 the image's, in hexadecimal
     */
    KernelFile(Path directory, long size, String sha256) {
        this.directory = directory;
        this.path = directory.resolve("vmlinux");
        this.size = size;
        this.sha256 = sha256;
    }

    /** Gives what the image is unpacked from. */
    @FunctionalInterface
    interface Source {
        /** The image, compressed by gzip. */
        InputStream open() throws IOException;
    }

    /** The image. */
    Path path() {
        return path;
    }

    /** Whether it is there and what it should be. */
    boolean isSound() throws IOException {
        BasicFileAttributes attributes;
        try {
            attributes = Files.readAttributes(path, BasicFileAttributes.class);
        } catch (NoSuchFileException e) {
            return false;
        }
        if (!attributes.isRegularFile() || attributes.size() != size) {
            return false;
        }
        if (attributes.lastModifiedTime().equals(CHECKED)) {
            return true;
        }
        try (InputStream image = Files.newInputStream(path)) {
            var hashed = new DigestInputStream(image, digest());
            hashed.transferTo(OutputStream.nullOutputStream());
            return hashOf(hashed).equals(sha256) && markChecked(path);
        }
    }

    /** Always true. Who may not set the time, as on a medium that is read-only, has the image hashed every time. */
    private static boolean markChecked(Path file) {
        try {
            Files.setLastModifiedTime(file, CHECKED);
        } catch (IOException e) {
            return true;
        }
        return true;
    }

    /**
     * Puts it there, in place of what may be there.
     *
     * @throws DamagedSourceException what was unpacked is not the image
     * @throws IOException the disk is full, or not to be written to
     */
    void unpack(Source source) throws IOException {
        Files.createDirectories(directory);
        removeAbandoned();
        Path part = Files.createTempFile(directory, path.getFileName() + ".", PART);
        try {
            write(source, part);
            Files.setPosixFilePermissions(part, PosixFilePermissions.fromString("r--r--r--"));
            Files.move(part, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            // Not before: a part this old would look abandoned to another process.
            Files.setLastModifiedTime(path, CHECKED);
        } finally {
            Files.deleteIfExists(part);
        }
        try (FileChannel entries = FileChannel.open(directory, StandardOpenOption.READ)) {
            entries.force(true);
        }
    }

    /** On disk before it gets its name: after a loss of power there is the whole image or none. */
    private void write(Source source, Path part) throws IOException {
        try (InputStream compressed = source.open();
                var image = new DigestInputStream(new GZIPInputStream(compressed, 1 << 16), digest());
                FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
            OutputStream file = Channels.newOutputStream(channel);
            byte[] buffer = new byte[1 << 16];
            long written = 0;
            int count;
            while (written <= size && (count = image.read(buffer)) >= 0) {
                file.write(buffer, 0, count);
                written += count;
            }
            if (written != size || !hashOf(image).equals(sha256)) {
                throw new DamagedSourceException("unpacked to " + written + " bytes, not to the " + size
                        + " bytes with the SHA-256 hash " + sha256);
            }
            channel.force(true);
        }
    }

    private void removeAbandoned() throws IOException {
        Instant before = Instant.now().minus(ABANDONED);
        try (DirectoryStream<Path> parts = Files.newDirectoryStream(directory, "*" + PART)) {
            for (Path part : parts) {
                // Not there any more when another process has just finished with it.
                if (Files.exists(part) && part.toFile().lastModified() < before.toEpochMilli()) {
                    Files.deleteIfExists(part);
                }
            }
        }
    }

    private static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    private static String hashOf(DigestInputStream read) {
        return HexFormat.of().formatHex(read.getMessageDigest().digest());
    }

    /** The compressed image is not what it should be. */
    static final class DamagedSourceException extends IOException {
        private static final long serialVersionUID = 1L;

        DamagedSourceException(String message) {
            super(message);
        }
    }
}
