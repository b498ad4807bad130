package io.caisson.host.linux.ffm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostFileTest {
    private final Path directory;

    HostFileTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @Test
    void opensAFileForReadingOrForReadingAndWriting() throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "four");
        for (HostFile.Access access : HostFile.Access.values()) {
            try (Descriptor descriptor = HostFile.open(file, access)) {
                assertEquals(4, descriptor.size());
                int flags = FileCalls.fcntl(descriptor.acquire(), FileCalls.F_GETFL, 0);
                descriptor.release();
                assertEquals(
                        access == HostFile.Access.READ ? FileCalls.O_RDONLY : FileCalls.O_RDWR,
                        flags & (FileCalls.O_RDWR | FileCalls.O_WRONLY));
            }
        }
    }

    @Test
    void saysWhichFileIsNotThere() {
        Path missing = directory.resolve("missing");
        var failure = assertThrows(SystemCallException.class, () -> HostFile.open(missing, HostFile.Access.READ));
        assertEquals("ENOENT", failure.symbol());
        assertTrue(String.valueOf(failure.getMessage()).contains(missing.toString()));
    }
}
