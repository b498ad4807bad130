package io.caisson.container.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.caisson.guest.api.GuestSecret;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FirstSecretTest {
    @TempDir
    private Path directory;

    @Test
    void isMadeOnceForItsOwnerAloneAndKept() throws Exception {
        Path home = directory.resolve("new/home");
        GuestSecret secret = new FirstSecret(home).get();
        assertEquals(secret, new FirstSecret(home).get());
        Path file = home.resolve("guest-secret");
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        try (var files = Files.list(home)) {
            assertEquals(1, files.count());
        }
        assertNotEquals(secret, new FirstSecret(directory.resolve("other")).get());
    }

    @Test
    void oneThatIsNotWholeIsReplaced() throws Exception {
        Path file = Files.write(directory.resolve("guest-secret"), new byte[5]);
        GuestSecret secret = new FirstSecret(directory).get();
        assertEquals(secret, GuestSecret.of(Files.readAllBytes(file)));
    }

    @Test
    void aHomeThatIsNoDirectoryIsAClearFailure() throws Exception {
        Path file = Files.write(directory.resolve("file"), new byte[1]);
        var failure = assertThrows(CaissonException.class, () -> new FirstSecret(file.resolve("home")).get());
        assertEquals(ErrorKind.UNAVAILABLE, failure.kind());
    }
}
