package io.caisson.container.provider;

import io.caisson.guest.api.GuestSecret;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.function.Consumer;

/**
 * The secret that the initial RAM disks of all guests of a home hold, in the file {@code guest-secret}. As they all
 * hold the same, one guest that has booted can be the beginning of others; each gets a secret of its own as soon as it
 * has answered, before anything of an image runs in it.
 *
 * <p>Safe for use by any number of threads and processes.
 */
final class FirstSecret {
    private static final String FILE = "guest-secret";

    private final Path file;
    private final Consumer<Exception> failures;

    /**
     * The secret of a home.
     *
     * @param failures hears why it cannot be kept
     */
    FirstSecret(Path home, Consumer<Exception> failures) {
        file = home.resolve(FILE);
        this.failures = failures;
    }

    /**
     * What a guest begins with.
     *
     * @param isShared whether it is the home's
     */
    record First(GuestSecret secret, boolean isShared) {}

    /** The home's secret, made when it is not there or not whole; one for this guest alone when it cannot be kept. */
    First get() {
        try {
            byte[] bytes = read();
            return new First(bytes.length == GuestSecret.LENGTH ? GuestSecret.of(bytes) : make(), true);
        } catch (IOException e) {
            failures.accept(new IOException(
                    "guests boot one by one, for the secret they would begin with cannot be kept in " + file + ": "
                            + Reason.of(e),
                    e));
            return new First(GuestSecret.random(), false);
        }
    }

    private byte[] read() throws IOException {
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            return new byte[0];
        }
    }

    private GuestSecret make() throws IOException {
        GuestSecret secret = GuestSecret.random();
        Path directory = Files.createDirectories(file.toAbsolutePath().getParent());
        Path beside = Files.createTempFile(
                directory,
                FILE,
                ".new",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            Files.write(beside, secret.toBytes());
            return publish(beside) ? secret : GuestSecret.of(whole(read()));
        } finally {
            Files.deleteIfExists(beside);
        }
    }

    /** Of those that come first together one wins; false for the others. */
    private boolean publish(Path beside) throws IOException {
        if (Files.exists(file) && read().length != GuestSecret.LENGTH) {
            Files.deleteIfExists(file);
        }
        try {
            Files.createLink(file, beside);
        } catch (FileAlreadyExistsException e) {
            return false;
        } catch (UnsupportedOperationException | FileSystemException e) {
            // A file system without links: the last one wins, and the others use theirs once.
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
        }
        return true;
    }

    private static byte[] whole(byte[] bytes) throws IOException {
        if (bytes.length != GuestSecret.LENGTH) {
            throw new IOException("it is not whole");
        }
        return bytes;
    }
}
