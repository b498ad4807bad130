package io.caisson.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FeatureTest {
    @TempDir
    Path directory;

    private List<FeatureBundle> read(String json) throws Exception {
        Path file = Files.writeString(directory.resolve("feature.json"), json);
        return Feature.read(file, Path.of("/bundle"));
    }

    @Test
    void findsTheJarsOfBundlesAndWhichToStart() throws Exception {
        assertEquals(
                List.of(
                        new FeatureBundle(Path.of("/bundle/a-1.0.jar"), true),
                        new FeatureBundle(Path.of("/bundle/b-2.jar"), false)),
                read("""
                        {"id": "g:feature:1", "extensions": {"bundles": [1, {"id": 2}]},
                         "bundles": [
                           {"id": "g:a:1.0", "hash": "x", "metadata": {"id": "no"}},
                           {"caisson.start": false, "id": "g:b:2"}],
                         "variables": [[]]}"""));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{\"bundles\": {}}",
                "{\"bundles\": [\"g:a:1\"]}",
                "{\"bundles\": [{}]}",
                "{\"bundles\": [{\"id\": \"g:a\"}]}",
                "{\"bundles\": [{\"id\": \"g:a:1\"}",
                "{\"bundles\": [{\"id\": \"g:a:1\", \"caisson.start\": 1}]}"
            })
    void refusesWhatIsNoFeatureAndNamesTheFile(String json) {
        var failure = assertThrows(LaunchException.class, () -> read(json));
        assertTrue(String.valueOf(failure.getMessage()).contains("feature.json"), failure.getMessage());
    }
}
