package io.caisson.vsock.vhostuser.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SessionClassesTest {
    /** A class that is missing from the list would be looked for in a bundle that may be gone. */
    @Test
    void namesEveryClassOfTheBundleButTheComponents() throws Exception {
        Path classes = Path.of(SessionClasses.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .toURI())
                .resolve("io/caisson/vsock/vhostuser/provider");
        Set<String> expected = new TreeSet<>();
        for (String each : names(classes)) {
            String name = each.replace(".class", "");
            if (!name.startsWith("VhostUserTransport")
                    && !name.equals("SessionClasses")
                    && !name.contains("Test")
                    && !name.equals("package-info")) {
                expected.add(name);
            }
        }
        assertEquals(
                expected,
                Stream.of(SessionClasses.all())
                        .map(each ->
                                each.getName().substring(each.getPackageName().length() + 1))
                        .collect(Collectors.toCollection(TreeSet::new)));
    }

    private static Set<String> names(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.map(each -> String.valueOf(each.getFileName())).collect(Collectors.toSet());
        }
    }
}
