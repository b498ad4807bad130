package io.caisson.vm.qemu.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FindingsTest {
    private static final Findings UNTRIED =
            new Findings(new QemuProgram(Path.of("/usr/bin/qemu"), 17, 18), new QemuVersion(7, 2, "7.2.22"), null);
    private static final Findings TRIED =
            UNTRIED.with(new Findings.Trial("a-boot", true, "executes = guest: code \u00e4\n!", Long.MAX_VALUE));

    private final Path file;

    FindingsTest(@TempDir Path directory) {
        file = directory.resolve("cache/vm.qemu/findings.properties");
    }

    @Test
    void readsWhatWasWritten() throws Exception {
        for (Findings findings : new Findings[] {UNTRIED, TRIED}) {
            findings.write(file);
            assertEquals(Optional.of(findings), Findings.read(file));
        }
    }

    @Test
    void findsNothingInAFileThatIsMissingDamagedOrCut() throws Exception {
        assertEquals(Optional.empty(), Findings.read(file));
        TRIED.write(file);
        byte[] good = Files.readAllBytes(file);
        for (String damaged : new String[] {"", "version=7.2.22", "version=7.2.22\nsize=x", "\\u12", "version=x"}) {
            Files.writeString(file, damaged);
            assertEquals(Optional.empty(), Findings.read(file), damaged);
        }
        Files.write(file, new byte[1 << 20]);
        assertEquals(Optional.empty(), Findings.read(file));
        for (int length = 0; length < good.length; length++) {
            Files.write(file, Arrays.copyOf(good, length));
            Findings.read(file);
        }
    }

    @Test
    void aDirectoryInItsPlaceIsAnErrorToTheWriterAndNothingToTheReader() throws Exception {
        Files.createDirectories(file.resolve("sub"));
        assertEquals(Optional.empty(), Findings.read(file));
        assertThrows(IOException.class, () -> TRIED.write(file));
        try (Stream<Path> left = Files.list(file.resolveSibling("."))) {
            assertEquals(1, left.count(), "nothing else stays behind");
        }
    }

    @Test
    void manyWritersAndReadersSeeOnlyWholeFiles() throws Exception {
        UNTRIED.write(file);
        try (var executor = Executors.newFixedThreadPool(8)) {
            var work = new ArrayList<Future<?>>();
            for (int i = 0; i < 8; i++) {
                boolean tried = i % 2 == 0;
                work.add(executor.submit(() -> {
                    for (int round = 0; round < 50; round++) {
                        (tried ? TRIED : UNTRIED).write(file);
                        Findings read = Findings.read(file).orElseThrow();
                        assertEquals(read.trial() == null ? UNTRIED : TRIED, read);
                    }
                    return null;
                }));
            }
            for (Future<?> done : work) {
                done.get();
            }
        }
    }
}
