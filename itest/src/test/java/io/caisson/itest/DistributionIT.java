package io.caisson.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What lies in the distribution. */
class DistributionIT {
    private static final Path DISTRIBUTION = Features.distribution();

    @Test
    void namesTheLicenceOfEveryJarThatIsNotCaissons() throws IOException {
        String notice = Files.readString(DISTRIBUTION.resolve("NOTICE")).replace(" .", " org.apache.felix.");
        List<String> others = new ArrayList<>();
        for (String directory : List.of("bundle", "lib")) {
            try (Stream<Path> files = Files.list(DISTRIBUTION.resolve(directory))) {
                files.map(file -> file.getFileName().toString())
                        .filter(name -> name.endsWith(".jar") && !name.startsWith("io.caisson."))
                        .map(name -> name.replaceFirst("(-[0-9].*)?\\.jar$", ""))
                        .forEach(others::add);
            }
        }

        assertFalse(others.isEmpty());
        assertEquals(
                List.of(),
                others.stream().filter(name -> !notice.contains(name)).toList());
        assertEquals(-1, Files.mismatch(DISTRIBUTION.resolve("LICENSE"), Path.of("../LICENSE")));
    }

    @Test
    void aCopyHasTheStartUpCacheFromItsSecondCommandOn(@TempDir Path directory) throws Exception {
        Path copy = directory.resolve("caisson");
        copyWithoutTimes(copy);
        Caisson caisson = Caisson.withHome(directory.resolve("home")).from(copy);

        Caisson.Outcome first = caisson.run("--version");
        assertEquals(0, first.status(), first::toString);
        assertEquals("", first.err());
        // In this mode the JVM ends when it cannot use the cache, which it otherwise does without.
        Caisson strict = caisson.through(
                "env", "CAISSON_JAVA_OPTIONS=-XX:AOTMode=on -XX:AOTCache=" + copy.resolve("lib/caisson.aot"));
        Caisson.Outcome second = strict.run("--version");

        assertEquals(0, second.status(), second::toString);
        // Not every JVM looks at this, so look here.
        String jar = "lib/io.caisson.launcher.jar";
        assertEquals(
                Files.getLastModifiedTime(DISTRIBUTION.resolve(jar)), Files.getLastModifiedTime(copy.resolve(jar)));
    }

    /** As {@code cp -r} does. */
    private static void copyWithoutTimes(Path copy) throws IOException {
        try (Stream<Path> files = Files.walk(DISTRIBUTION)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Path target = copy.resolve(DISTRIBUTION.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                    Files.setPosixFilePermissions(target, Files.getPosixFilePermissions(file));
                }
            }
        }
    }
}
