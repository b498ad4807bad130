package io.caisson.itest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * A user who was added a moment ago, is in no group but one of its own, and will be gone again: what root's tests run as
 * to see what others see. Has a home directory in a place that everybody can reach.
 */
final class OrdinaryUser implements AutoCloseable {
    private final String name;
    private final Path place;

    private OrdinaryUser(String name, Path place) {
        this.name = name;
        this.place = place;
    }

    static boolean canBeAdded() {
        return System.getProperty("user.name").equals("root") && Files.isExecutable(Path.of("/usr/sbin/useradd"));
    }

    static OrdinaryUser add() throws IOException {
        String name = "caisson-" + ProcessHandle.current().pid();
        Path place = Files.createTempDirectory("caisson-user-");
        Files.setPosixFilePermissions(place, PosixFilePermissions.fromString("rwxr-xr-x"));
        run(
                "/usr/sbin/useradd",
                "--create-home",
                "--home-dir",
                place.resolve("home").toString(),
                name);
        return new OrdinaryUser(name, place);
    }

    /** The home directory. */
    Path home() {
        return place.resolve("home");
    }

    /** A directory of root's that everybody can read. */
    Path place() {
        return place;
    }

    /** The words that run what follows them as this user. */
    String[] become() {
        return new String[] {"setpriv", "--reuid=" + name, "--regid=" + name, "--clear-groups", "--"};
    }

    /** Runs a command to its end, which comes soon and which nothing interrupts. */
    static void run(String... command) throws IOException {
        int status =
                new ProcessBuilder(command).inheritIO().start().onExit().join().exitValue();
        if (status != 0) {
            throw new IOException(String.join(" ", command) + " ends with " + status);
        }
    }

    @Override
    public void close() throws IOException {
        run("/usr/sbin/userdel", name);
        run("rm", "-rf", place.toString());
    }
}
