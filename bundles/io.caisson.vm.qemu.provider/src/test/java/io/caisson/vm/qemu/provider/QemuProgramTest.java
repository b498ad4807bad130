package io.caisson.vm.qemu.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QemuProgramTest {
    private static final String NAME = "qemu-system-of-a-test";

    private final Path first;
    private final Path second;

    QemuProgramTest(@TempDir Path directory) throws Exception {
        first = Files.createDirectory(directory.resolve("first"));
        second = Files.createDirectory(directory.resolve("second"));
    }

    private static Path program(Path directory) throws Exception {
        Path program = Files.writeString(directory.resolve(NAME), "#!/bin/sh\n");
        assertTrue(program.toFile().setExecutable(true));
        return program;
    }

    private Optional<Path> found() {
        return QemuProgram.find(NAME, null, "relative:" + first + "::" + second).map(QemuProgram::path);
    }

    @Test
    void isTheFirstExecutableFileOnThePath() throws Exception {
        assertEquals(Optional.empty(), found());
        Path inSecond = program(second);
        assertEquals(Optional.of(inSecond), found());
        Files.createDirectory(first.resolve(NAME));
        assertEquals(Optional.of(inSecond), found(), "a directory is none");
        Files.delete(first.resolve(NAME));
        Files.writeString(first.resolve(NAME), "not executable");
        assertEquals(Optional.of(inSecond), found());
        Files.delete(first.resolve(NAME));
        assertEquals(Optional.of(program(first)), found());
    }

    @Test
    void isTheConfiguredOneOrNone() throws Exception {
        program(first);
        Path configured = second.resolve("mine");
        assertFalse(
                QemuProgram.find(NAME, configured.toString(), first.toString()).isPresent());
        Files.copy(program(second), configured);
        assertTrue(configured.toFile().setExecutable(true));
        assertEquals(
                configured,
                QemuProgram.find(NAME, configured.toString(), first.toString())
                        .orElseThrow()
                        .path());
    }

    @Test
    void anotherFileOfTheSameNameIsAnotherProgram() throws Exception {
        Path program = program(first);
        QemuProgram before = QemuProgram.find(NAME, program.toString(), "").orElseThrow();
        assertEquals(before, QemuProgram.find(NAME, program.toString(), "").orElseThrow());
        Files.writeString(program, "#!/bin/sh\nexit 1\n");
        assertNotEquals(before, QemuProgram.find(NAME, program.toString(), "").orElseThrow());
    }

    @Test
    void versionsAreReadAndCompared() {
        assertEquals(
                Optional.of(new QemuVersion(7, 2, "7.2.22")),
                QemuVersion.parseOutput("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright"));
        assertEquals(Optional.of(new QemuVersion(10, 0, "10.0.50")), QemuVersion.parse("10.0.50"));
        assertEquals(Optional.of(new QemuVersion(9, 1, "9.1")), QemuVersion.parse("9.1"));
        for (String none : new String[] {"", "7", "7.", "x7.2", "99999.1", "7.2." + "9".repeat(99), "7.2.2 2"}) {
            assertEquals(Optional.empty(), QemuVersion.parse(none), none);
        }
        assertTrue(new QemuVersion(7, 1, "7.1").isOlderThan(QemuVersion.OLDEST));
        assertTrue(new QemuVersion(6, 9, "6.9").isOlderThan(QemuVersion.OLDEST));
        assertFalse(new QemuVersion(7, 2, "7.2.0").isOlderThan(QemuVersion.OLDEST));
        assertFalse(new QemuVersion(10, 0, "10.0").isOlderThan(QemuVersion.OLDEST));
    }
}
