package io.caisson.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever runs it from wherever with whatever for a home and a terminal setting, it works. */
class PlacesIT {
    private static final Caisson.Outcome OK = new Caisson.Outcome(0, "ok\n", "");

    @TempDir
    static Path workshop;

    private static Path home;
    private static Caisson caisson;
    private static Leftovers leftovers;

    @BeforeAll
    static void furnish() throws Exception {
        home = workshop.resolve("home");
        caisson = Caisson.withHome(home);
        leftovers = Leftovers.watch(caisson, home);
    }

    @AfterAll
    static void leavesNothingBehind() throws Exception {
        leftovers.assertNone();
    }

    private static Caisson.Outcome ok(Caisson command) throws Exception {
        return command.run("run", "busybox", "echo", "ok");
    }

    /** Commas mean something to QEMU, quotes to shells, percent signs and colons to URLs. */
    @Test
    void aHomeMayHaveAnyNameAndAnyLength() throws Exception {
        for (Path odd : List.of(
                workshop.resolve("a b,c=d 'e' \"f\" $g `h` \\i #j %k :l ;m &n *o ?p [q] ~r é 家\nnext line"),
                workshop.resolve("long".repeat(50)).resolve("longer".repeat(30)))) {
            Caisson there = Caisson.withHome(odd);
            // Through the socket in the container's folder, whose path is longer than a socket's may be.
            try (var running =
                    there.start("run", "--name", "one", "busybox", "sh", "-c", "echo ready; exec sleep 1000")) {
                assertEquals("ready", running.firstLine());
                assertEquals(OK, there.run("container", "exec", "one", "echo", "ok"));
                assertEquals(
                        "one\n",
                        there.run("container", "stop", "-t", "0", "one").text());
                assertEquals(137, running.finish().status());
            }
            Leftovers.watchEmpty(odd).assertNone();
        }
    }

    @Test
    void aNewHomeIsItsOwnersAlone() throws Exception {
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(home)));
    }

    @Test
    void aRelativeHomeIsBelowTheWorkingDirectory() throws Exception {
        assertEquals(OK, ok(caisson.with("CAISSON_HOME", "./home").in(workshop)));
        Caisson.Outcome nowhere = inAGoneDirectory(caisson.with("CAISSON_HOME", "home"), "gone-1");
        assertEquals(125, nowhere.status());
        assertTrue(
                nowhere.err().endsWith("caisson: the working directory is gone, so CAISSON_HOME=home leads nowhere\n"),
                nowhere::toString);
    }

    @Test
    void theWorkingDirectoryMayBeGone() throws Exception {
        Caisson.Outcome outcome = inAGoneDirectory(caisson, "gone-2");
        assertEquals("ok\n", outcome.text(), outcome::toString);
        assertEquals(0, outcome.status());
    }

    /** The shell itself may complain. */
    private static Caisson.Outcome inAGoneDirectory(Caisson command, String name) throws Exception {
        Path gone = Files.createDirectory(workshop.resolve(name));
        return ok(command.in(gone).through("sh", "-c", "rmdir '" + gone + "' && exec \"$@\"", "sh"));
    }

    @Test
    void theEnvironmentMayBeAsPoorAsAnything() throws Exception {
        Caisson poor = caisson.with("LC_ALL", "C")
                .with("LANG", "no_NO.such")
                .with("TMPDIR", "/no/such/directory")
                .with("PATH", "/usr/bin:/bin")
                .without("HOME")
                .without("TERM");
        Caisson strict = poor.through("sh", "-c", "umask 077; exec \"$@\"", "sh");
        assertEquals(
                new Caisson.Outcome(0, "grüße an 家 €\n", ""), strict.run("run", "busybox", "echo", "grüße an 家 €"));
        Caisson.Outcome named = strict.run("run", "--name", "nämë", "busybox", "true");
        assertTrue(named.err().contains("'nämë'"), named::toString);
    }

    /**
     * In temporary directories that are the command's own, for other programs use the usual ones, too. The distribution
     * may be in that: it moves to {@code /mnt} before it is hidden.
     */
    @Test
    void nothingIsLeftInTheTemporaryDirectory() throws Exception {
        Path elsewhere = elsewhere();
        String target = String.valueOf(Features.distribution().getParent());
        Caisson alone = caisson.through(
                "unshare", "--map-root-user", "--mount", "sh", "-c", """
                mount --bind "$1" /mnt && mount -t tmpfs none /tmp && mount -t tmpfs none /dev/shm || exit 99
                program=/mnt/${3#"$1"/}; home=/mnt/${2#"$1"/}; shift 3
                CAISSON_HOME=$home "$program" "$@" || exit
                ls -A /tmp /dev/shm""", "sh", target, elsewhere.toString());
        try {
            assertEquals("ok\n/dev/shm:\n\n/tmp:\n", ok(alone).text());
        } finally {
            OrdinaryUser.run("rm", "-rf", elsewhere.toString());
        }
    }

    private static Path elsewhere() throws Exception {
        return Files.createTempDirectory(Features.distribution().getParent(), "itest-home-");
    }

    @Test
    void manyMayComeFirstTogether() throws Exception {
        Path fresh = workshop.resolve("fresh");
        Caisson there = Caisson.withHome(fresh);
        var commands = new ArrayList<Caisson.Started>();
        for (int i = 0; i < 6; i++) {
            commands.add(there.start("run", "busybox", "echo", "ok"));
        }
        for (Caisson.Started command : commands) {
            try (command) {
                assertEquals(OK, command.finish());
            }
        }
        Leftovers.watchEmpty(fresh).assertNone();
    }

    /** The distribution elsewhere, root's, read-only; a home that is its user's default; no group, no privilege. */
    @Test
    void anOrdinaryUserNeedsNothingButACopyThatCanBeRead() throws Exception {
        assumeTrue(OrdinaryUser.canBeAdded(), "only root can add a user; all these tests run as an ordinary one then");
        try (OrdinaryUser user = OrdinaryUser.add()) {
            Path copy = user.place().resolve("a copy, elsewhere");
            OrdinaryUser.run("cp", "-r", Features.distribution().toString(), copy.toString());
            OrdinaryUser.run("chmod", "-R", "a-w,a+rX", copy.toString());
            Path data = user.home().resolve(".local/share/caisson");
            Caisson theirs = caisson.from(copy)
                    .through(user.become())
                    .without("CAISSON_HOME")
                    .without("HOME")
                    .without("XDG_DATA_HOME")
                    .in(user.home());
            assertEquals(
                    new Caisson.Outcome(0, "uid=0(root) gid=0(root) groups=0(root)\n", ""),
                    theirs.run("run", "busybox", "id"));
            assertTrue(Files.isDirectory(data));

            Path closed = Files.createDirectory(user.place().resolve("closed"));
            Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
            assertEquals(OK, ok(theirs.in(closed)));
            Caisson.Outcome denied = theirs.with(
                            "CAISSON_HOME", closed.resolve("home").toString())
                    .run("run", "busybox", "true");
            assertEquals(125, denied.status());
            assertTrue(denied.err().contains("permission denied (set CAISSON_HOME"), denied::toString);

            try (var running =
                    theirs.start("run", "--name", "mine", "busybox", "sh", "-c", "echo ready; exec sleep 1000")) {
                assertEquals("ready", running.firstLine());
                assertEquals(OK, theirs.run("container", "exec", "mine", "echo", "ok"));
                assertFalse(caisson.run("container", "list").text().contains("mine"));
                // Not even root, who sees what is theirs.
                Caisson.Outcome refused =
                        caisson.with("CAISSON_HOME", data.toString()).run("container", "exec", "mine", "true");
                assertEquals(125, refused.status());
                assertTrue(refused.err().contains("belongs to the user with id "), refused::toString);
                assertEquals(
                        "mine\n",
                        theirs.run("container", "stop", "-t", "0", "mine").text());
                assertEquals(137, running.finish().status());
            }
            Leftovers.watchEmpty(data).assertNone();
            Caisson.Outcome doctor = theirs.run("system", "doctor");
            assertTrue(doctor.text().contains(data.toString()), doctor::toString);
            assertEquals(0, doctor.status(), doctor::toString);
        }
    }
}
