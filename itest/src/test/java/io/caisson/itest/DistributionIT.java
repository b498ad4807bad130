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
}
