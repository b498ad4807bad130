package io.caisson.launcher;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where everything that lasts is kept (XDG Base Directory Specification 0.8). */
final class Home {
    private Home() {}

    /**
     * {@code $CAISSON_HOME}, else {@code $XDG_DATA_HOME/caisson}, else {@code ~/.local/share/caisson}; absolute. The
     * home directory is {@code $HOME}, as for every other program, and the user database's only without it.
     */
    static Path locate(Map<String, String> environment) throws LaunchException {
        String home = environment.get("CAISSON_HOME");
        if (present(home)) {
            checkText("CAISSON_HOME", home);
            return Path.of(home).toAbsolutePath().normalize();
        }
        String data = environment.get("XDG_DATA_HOME");
        if (present(data) && Path.of(data).isAbsolute()) {
            checkText("XDG_DATA_HOME", data);
            return Path.of(data, "caisson").normalize();
        }
        String user = environment.get("HOME");
        if (!present(user) || !Path.of(user).isAbsolute()) {
            user = System.getProperty("user.home");
        }
        if (user == null || !Path.of(user).isAbsolute()) {
            throw new LaunchException("this user has no home directory: set CAISSON_HOME or HOME");
        }
        checkText("HOME", user);
        return Path.of(user, ".local", "share", "caisson");
    }

    /** The JVM puts U+FFFD in the place of bytes that are not UTF-8: that would be another directory than the one meant. */
    private static void checkText(String name, @Nullable String value) throws LaunchException {
        if (value != null && value.indexOf('\uFFFD') >= 0) {
            throw new LaunchException(
                    name + "=" + value + " is not UTF-8: set CAISSON_HOME to a directory whose name is");
        }
    }

    private static boolean present(@Nullable String value) {
        return value != null && !value.isEmpty();
    }
}
