package io.caisson.container.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.guest.api.GuestSecret;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FirstSecretTest {
    @TempDir
    private Path directory;

    private final List<Exception> failures = new CopyOnWriteArrayList<>();

    private FirstSecret.First first(Path home) {
        return new FirstSecret(home, failures::add).get();
    }

    @Test
    void isMadeOnceForItsOwnerAloneAndKept() throws Exception {
        Path home = directory.resolve("new/home");
        FirstSecret.First first = first(home);
        assertTrue(first.isShared());
        assertEquals(first, first(home));
        Path file = home.resolve("guest-secret");
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        try (var files = Files.list(home)) {
            assertEquals(1, files.count());
        }
        assertNotEquals(first, first(directory.resolve("other")));
        assertEquals(List.of(), failures);
    }

    @Test
    void ofManyThatComeFirstTogetherAllGetTheSame() throws Exception {
        try (var executor = Executors.newFixedThreadPool(8)) {
            var all = new ArrayList<Future<FirstSecret.First>>();
            for (int i = 0; i < 8; i++) {
                all.add(executor.submit(() -> first(directory.resolve("home"))));
            }
            var secrets = new HashSet<FirstSecret.First>();
            for (Future<FirstSecret.First> each : all) {
                secrets.add(each.get());
            }
            assertEquals(1, secrets.size());
        }
    }

    @Test
    void oneThatIsNotWholeIsReplaced() throws Exception {
        Path file = Files.write(directory.resolve("guest-secret"), new byte[5]);
        assertEquals(new FirstSecret.First(GuestSecret.of(secret(file)), true), first(directory));
    }

    private byte[] secret(Path file) throws Exception {
        assertTrue(first(directory).isShared());
        return Files.readAllBytes(file);
    }

    @Test
    void whereItCannotBeKeptAGuestHasOneOfItsOwn() throws Exception {
        Files.createDirectory(directory.resolve("guest-secret"));
        FirstSecret.First first = first(directory);
        assertFalse(first.isShared());
        assertNotEquals(first, first(directory));
        assertEquals(2, failures.size());
    }
}
