package io.caisson.host.linux.ffm;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** Another JVM with the tests' class path, its errors among this one's. */
final class TestJvm {
    private TestJvm() {}

    static ChildProcessBuilder builder(Class<?> main, String... arguments) {
        return builder(List.of("--enable-native-access=ALL-UNNAMED"), main, arguments);
    }

    static ChildProcessBuilder builder(List<String> options, Class<?> main, String... arguments) {
        return ChildProcess.builder(Path.of(Objects.requireNonNull(System.getProperty("java.home")), "bin", "java"))
                .arguments(
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        Objects.requireNonNull(System.getProperty("java.class.path")))
                .arguments(options)
                .arguments(main.getName())
                .arguments(arguments)
                .error(ChildStream.inherited());
    }
}
