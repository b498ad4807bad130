package io.caisson.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is wrong with images, hosts and guests is said in one line, with status 125, and leaves nothing behind. */
class BadInputIT {
    @TempDir
    static Path home;

    @TempDir
    Path workshop;

    private static Caisson caisson;
    private static Leftovers leftovers;

    @BeforeAll
    static void furnish() throws Exception {
        caisson = Caisson.withHome(home);
        leftovers = Leftovers.watch(caisson, home);
    }

    @AfterEach
    void leavesNothingBehind() throws Exception {
        leftovers.assertNone();
    }

    /** Fails with one line, which begins and goes on like this. */
    private static void assertRefused(Caisson.Outcome outcome, String beginning, String... parts) {
        assertEquals(125, outcome.status(), outcome::toString);
        assertEquals("", outcome.text());
        String err = outcome.err();
        assertTrue(err.startsWith("caisson: " + beginning), err);
        assertEquals(err.length() - 1, err.indexOf('\n'), err);
        for (String part : parts) {
            assertTrue(err.contains(part), err);
        }
    }

    @Test
    void damagedLayoutsAreNotLoaded() throws Exception {
        Path layer = Layouts.shipped(workshop, "cut").layer();
        try (FileChannel file = FileChannel.open(layer, StandardOpenOption.WRITE)) {
            file.truncate(100_000);
        }
        assertRefused(load("cut"), "cannot load ", "has 100000 bytes instead of ");

        Layouts torn = Layouts.shipped(workshop, "torn");
        torn.write("index.json", torn.text("index.json").substring(0, 100));
        assertRefused(load("torn"), "cannot load ", "index.json", "offset 100");

        Layouts climbing = Layouts.shipped(workshop, "climbing");
        climbing.write(
                "index.json",
                climbing.text("index.json").replaceFirst("sha256:[0-9a-f]{64}", "sha256:../../../../etc/passwd"));
        assertRefused(load("climbing"), "cannot load ", "not a sha256 digest");

        Path link = Layouts.shipped(workshop, "link").layer();
        Files.delete(link);
        Files.createSymbolicLink(link, Path.of("/etc/passwd"));
        assertRefused(load("link"), "cannot load ", "leads out of the layout");

        assertRefused(load("none"), "cannot load ");
        assertEquals(1, caisson.run("image", "list", "-q").text().lines().count());
    }

    private Caisson.Outcome load(String name) throws Exception {
        return caisson.run("image", "load", workshop.resolve(name).toString());
    }

    @Test
    void damagedArchivesAreNotLoaded() throws Exception {
        Path archive = Layouts.shipped(workshop, "whole").archive();
        byte[] bytes = Files.readAllBytes(archive);
        Files.write(workshop.resolve("half.tar"), Arrays.copyOf(bytes, bytes.length / 2));
        assertRefused(load("half.tar"), "cannot load ", "the archive ends within");

        Path outside = workshop.resolve("outside");
        byte[] evil = Layouts.tar("x/../../../../../../../.." + outside);
        byte[] both = Arrays.copyOf(evil, 1024 + bytes.length);
        System.arraycopy(bytes, 0, both, 1024, bytes.length);
        Files.write(workshop.resolve("evil.tar"), both);
        assertRefused(load("evil.tar"), "cannot load ", "leads out of it");
        assertFalse(Files.exists(outside));
    }

    @Test
    void imagesThatAreNotWhatTheyClaimDoNotRun() throws Exception {
        Path fresh = workshop.resolve("home");
        Caisson elsewhere = Caisson.withHome(fresh);
        Path layer = Layouts.shipped(workshop, "altered").layer();
        try (FileChannel file = FileChannel.open(layer, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(new byte[] {'?'}), 5000);
        }
        assertRefused(
                elsewhere.run("image", "load", workshop.resolve("altered").toString()),
                "",
                layer.getFileName().toString(),
                "digest");

        String outside = "leads-out";
        load(elsewhere, Layouts.shipped(workshop, outside).withLayer(Layouts.tar("../../etc/evil")));
        assertRefused(elsewhere.run("run", outside + ":1", "true"), "failed building", "leads out of the root");
        load(
                elsewhere,
                Layouts.shipped(workshop, "garbage")
                        .withLayer("no tar archive".repeat(100).getBytes(StandardCharsets.US_ASCII)));
        assertRefused(
                elsewhere.run("run", "garbage:1", "true"),
                "failed building",
                "tar header field checksum is not an octal number");
        load(elsewhere, Layouts.shipped(workshop, "foreign").forArchitecture("arm64"));
        assertRefused(elsewhere.run("run", "foreign:1", "true"), "image foreign:1 is not made for linux/amd64");
        assertRefused(elsewhere.run("run", "unknown:1", "true"), "no image unknown:1 in the image store");
        Leftovers.watchEmpty(fresh).assertNone();
        assertEquals(
                "in order\n",
                elsewhere.run("run", "busybox", "echo", "in order").text());
    }

    private static void load(Caisson caisson, Layouts layout) throws Exception {
        Caisson.Outcome outcome =
                caisson.run("image", "load", layout.directory().toString());
        assertEquals(0, outcome.status(), outcome::toString);
    }

    @Test
    void aStoreThatWasTamperedWithIsNoticed() throws Exception {
        Path fresh = workshop.resolve("home");
        Caisson elsewhere = Caisson.withHome(fresh);
        assertEquals(0, elsewhere.run("image", "list").status());
        load(elsewhere, Layouts.shipped(workshop, "mine"));
        Path blob = fresh.resolve("content/sha256")
                .resolve(Layouts.shipped(workshop, "again").layer().getFileName());
        Files.setPosixFilePermissions(blob, PosixFilePermissions.fromString("rw-------"));
        try (FileChannel file = FileChannel.open(blob, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(new byte[] {'?'}), 5000);
        }
        assertRefused(elsewhere.run("run", "mine:1", "true"), "", "in the image store is damaged");
        Files.writeString(fresh.resolve("images.json"), "");
        assertRefused(elsewhere.run("run", "mine:1", "true"), "the image references in ", "are damaged");
        Leftovers.watchEmpty(fresh).assertNone();
    }

    @Test
    void withoutQemuTheRemedyIsNamed() throws Exception {
        assertRefused(
                caisson.with("CAISSON_QEMU", "/no/such/qemu").run("run", "busybox", "true"),
                "no virtual machine provider can serve here",
                "/no/such/qemu",
                "apt install qemu-system-x86");
    }

    @Test
    void whatQemuSaysBeforeItFailsIsPassedOn() throws Exception {
        assertRefused(
                caisson.with(
                                "CAISSON_QEMU",
                                FakeQemu.failing(workshop, "no luck today").toString())
                        .run("run", "busybox", "true"),
                "the machine of container ",
                "exit status 3",
                "no luck today");
    }

    @Test
    void aGuestThatPanicsIsReportedWithItsLastWords() throws Exception {
        Path qemu = FakeQemu.withKernelArgument(workshop, "panicking", "rdinit=/none init=/none");
        assertRefused(
                caisson.with("CAISSON_QEMU", qemu.toString()).run("run", "busybox", "true"),
                "the machine of container ",
                "its guest crashed",
                "Kernel panic - not syncing",
                "; the console ends: ");
    }

    @Test
    void aGuestThatNeverAnswersIsWaitedForAsLongAsAskedFor() throws Exception {
        // It boots, but has no vsock device.
        Path qemu = FakeQemu.withKernelArgument(
                workshop, "silent", "loglevel=7 ignore_loglevel initcall_blacklist=virtio_vsock_init");
        assertRefused(
                caisson.with("CAISSON_QEMU", qemu.toString()).run("run", "--boot-timeout", "3", "busybox", "true"),
                "connecting to the guest of sandbox ",
                "did not answer within 3000 ms",
                "; the console ends: [ ");
        assertRefused(
                caisson.with("CAISSON_QEMU", FakeQemu.paused(workshop).toString())
                        .run("run", "--boot-timeout", "1", "busybox", "true"),
                "connecting to the guest of sandbox ",
                "did not answer within 1000 ms");
    }

    @ParameterizedTest
    @CsvSource({
        "/dev/null/home,Not a directory",
        "/proc/home,/proc/home",
        "/etc/hostname,/etc/hostname is no directory",
    })
    void anImpossibleHomeIsNamed(String place, String part) throws Exception {
        assertRefused(
                Caisson.withHome(Path.of(place)).run("run", "busybox", "true"),
                "cannot use " + place + " as home",
                part);
    }

    /**
     * A file system of this size, in a mount namespace of the command's own, for its home. What the command leaves there
     * and must not is listed.
     */
    private Caisson inRoomOf(String size) throws Exception {
        Path small = Files.createDirectories(workshop.resolve("small"));
        String script = """
                mount -t tmpfs -o size=%s none '%s' || exit 99
                "$@"
                status=$?
                cd '%2$s' && find . -path './containers/*' -o -path './content/ingest/*' -o -name '*.tmp' -o -name 'own-*'
                exit $status
                """.formatted(size, small);
        assumeTrue(
                new ProcessBuilder("unshare", "--map-root-user", "--mount", "true")
                                .start()
                                .waitFor()
                        == 0,
                "user namespaces are switched off here");
        return Caisson.withHome(small).through("unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh");
    }

    @ParameterizedTest
    @CsvSource({
        "100k,the OSGi framework does not start,No space left on device",
        "1m,no room on the disk of ,for blob sha256:",
        // The kernel is put there and the root file system built at the same time.
        "12m,cannot put the kernel |failed building the root file system of ,No space left on device",
    })
    void aFullDiskIsNamed(String size, String beginnings, String part) throws Exception {
        Caisson.Outcome outcome = inRoomOf(size).run("run", "busybox", "true");
        assertRefused(outcome, "", part);
        assertTrue(
                Stream.of(beginnings.split("\\|"))
                        .anyMatch(each -> outcome.err().startsWith("caisson: " + each)),
                outcome::err);
    }

    /** What it writes is lost then, as on any full disk; but neither it nor its command hangs. */
    @Test
    void aDiskThatGetsFullWhileAContainerRunsHangsNobody() throws Exception {
        Caisson.Outcome outcome = inRoomOf("32m")
                .run(
                        "run",
                        "busybox",
                        "sh",
                        "-c",
                        "dd if=/dev/urandom of=/big bs=1M count=24 2>/dev/null; sync; echo on");
        assertEquals(new Caisson.Outcome(0, "on\n", ""), outcome);
    }
}
