package io.caisson.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Where guest code is translated machines go on where one like them stood still. */
@Timeout(300)
class TemplatesIT {
    private static final Caisson.Outcome OK = new Caisson.Outcome(0, "ok\n", "");

    @TempDir
    private Path home;

    private Caisson caisson;

    @BeforeEach
    void startOne() throws Exception {
        caisson = Caisson.withHome(home);
        assertEquals(OK, echo(caisson));
        Path findings = home.resolve("cache/vm.qemu/findings.properties");
        assumeFalse(Files.readString(findings).contains("kvm.works=true"), "with KVM machines boot");
        assertEquals(1, templates().size());
    }

    private static Caisson.Outcome echo(Caisson command) throws Exception {
        return command.run("run", "busybox", "echo", "ok");
    }

    private List<Path> templates() throws IOException {
        Path directory = home.resolve("cache/vm.qemu/templates");
        if (!Files.exists(directory)) {
            return List.of();
        }
        try (var files = Files.walk(directory)) {
            return files.filter(file -> file.toString().endsWith(".memory")).toList();
        }
    }

    private static Object identity(Path file) throws IOException {
        return String.valueOf(Files.getAttribute(file, "unix:ino"));
    }

    @Test
    void ofThoseThatAreAlikeOneHasBooted() throws Exception {
        List<Path> first = templates();
        assertEquals(1, first.size(), first::toString);
        Object identity = identity(first.getFirst());

        assertEquals(OK, echo(caisson));
        assertEquals(first, templates());
        assertEquals(identity, identity(first.getFirst()));

        assertEquals(OK, caisson.run("run", "--memory", "192M", "busybox", "echo", "ok"));
        assertEquals(2, templates().size());
    }

    @Test
    void theyAreAsUnlikeAsMachinesThatBooted() throws Exception {
        String[] questions = {
            "head -c 16 /dev/urandom | md5sum",
            "cat /proc/sys/kernel/random/boot_id",
            "cat /proc/sys/kernel/random/uuid",
            "hostname",
            // Where the kernel put the stack of a program.
            "grep stack /proc/self/maps"
        };
        for (String question : questions) {
            String one = answer(question);
            String other = answer(question);
            assertNotEquals(one, other, question);
        }
    }

    private String answer(String question) throws Exception {
        Caisson.Outcome outcome = caisson.run("run", "busybox", "sh", "-c", question);
        assertEquals(0, outcome.status(), outcome::toString);
        assertFalse(outcome.text().isBlank(), question);
        return outcome.text();
    }

    @Test
    void theirClockIsTheHostsAndGoesOn() throws Exception {
        Instant before = Instant.now();
        backdate(templates().getFirst(), Duration.ofDays(1));
        String[] answers = answer("date +%s; sleep 1; date +%s").split("\n", -1);
        Duration off = Duration.between(before, Instant.ofEpochSecond(Long.parseLong(answers[0])));
        assertTrue(off.abs().compareTo(Duration.ofSeconds(30)) < 0, off::toString);
        assertTrue(Long.parseLong(answers[1]) > Long.parseLong(answers[0]), String.join(", ", answers));
    }

    /** As if the template had been made then; MemoryImage says where that stands. */
    private static void backdate(Path template, Duration by) throws IOException {
        FileTime finished = Files.getLastModifiedTime(template);
        try (FileChannel channel = FileChannel.open(template, StandardOpenOption.WRITE)) {
            long then = Instant.now().minus(by).getEpochSecond();
            channel.write(ByteBuffer.allocate(Long.BYTES).putLong(0, then), 2 * Long.BYTES);
        }
        Files.setLastModifiedTime(template, finished);
    }

    @Test
    void oneThatMachinesDoNotComeUpFromFailsOnceAndIsRemoved() throws Exception {
        Path template = templates().getFirst();
        FileTime finished = Files.getLastModifiedTime(template);
        try (FileChannel channel = FileChannel.open(template, StandardOpenOption.WRITE)) {
            // All but the table, as a disk that fails would.
            channel.write(ByteBuffer.allocate(16 << 20), 1 << 20);
        }
        Files.setLastModifiedTime(template, finished);
        Caisson.Outcome outcome = caisson.run("run", "--boot-timeout", "10", "busybox", "echo", "ok");
        assertEquals(125, outcome.status(), outcome::toString);
        assertEquals(List.of(), templates());
        assertEquals(OK, echo(caisson));
    }

    @Test
    void severalProcessorsAreThereAgain() throws Exception {
        for (int i = 0; i < 2; i++) {
            assertEquals(new Caisson.Outcome(0, "2\n", ""), caisson.run("run", "--cpus", "2", "busybox", "nproc"));
        }
    }

    @Test
    void oneThatIsDamagedIsRemovedAndTheMachineBoots() throws Exception {
        Path template = templates().getFirst();
        try (FileChannel channel = FileChannel.open(template, StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() / 2);
        }
        assertEquals(OK, echo(caisson));
        assertEquals(List.of(), templates());
        assertEquals(OK, echo(caisson));
        assertEquals(List.of(template), templates());
    }

    @Test
    void containersCanNeitherLoadAKernelNorHibernate() throws Exception {
        assertEquals("1\n", answer("cat /proc/sys/kernel/kexec_load_disabled"));
        assertEquals("0\n", answer("ls /sys/power | wc -l"));
    }

    @Test
    void whoWantsNoneHasEveryMachineBoot() throws Exception {
        Files.delete(templates().getFirst());
        assertEquals(OK, echo(caisson.with("CAISSON_QEMU_TEMPLATES", "false")));
        assertEquals(List.of(), templates());
    }

    @Test
    void theSecretTheyBeginWithIsForItsOwnerAlone() throws Exception {
        Path secret = home.resolve("guest-secret");
        assertEquals(32, Files.size(secret));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(secret)));
    }
}
