package io.caisson.container.provider;

import io.caisson.guest.api.GuestSecret;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The secret that the initial RAM disks of all guests of a home hold, in the file {@code guest-secret}. As they all hold
 * the same, one guest that has booted can be the beginning of others; each gets a secret of its own in the first call to
 * it, before anything of an image runs in it.
 *
 * <p>Safe for use by any number of threads and processes.
 */
final class FirstSecret {
    private static final String FILE = "guest-secret";

    private final Path file;

    FirstSecret(Path home) {
        file = home.resolve(FILE);
    }

    /** The secret, made when it is not there or not whole. */
    GuestSecret get() {
        try {
            byte[] bytes = read();
            return bytes.length == GuestSecret.LENGTH ? GuestSecret.of(bytes) : make();
        } catch (IOException e) {
            throw new CaissonException(
                    ErrorKind.UNAVAILABLE,
                    "keeping the secret of this home's guests in " + file + ": " + Reason.of(e),
                    e);
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
            // Of two that come first together each uses its own, once: that only costs a boot.
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
            return secret;
        } finally {
            Files.deleteIfExists(beside);
        }
    }
}
