package io.caisson.host.linux.ffm;

import java.nio.file.Path;
import java.util.Objects;

/** Another JVM with the tests' class path, its errors among this one's. */
final class TestJvm {
    private TestJvm() {}

    static ChildProcessBuilder builder(Class<?> main, String... arguments) {
        return ChildProcess.builder(Path.of(Objects.requireNonNull(System.getProperty("java.home")), "bin", "java"))
                .arguments(
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        Objects.requireNonNull(System.getProperty("java.class.path")),
                        main.getName())
                .arguments(arguments)
                .error(ChildStream.inherited());
    }
}
