package io.caisson.busybox.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.image.api.Descriptor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BusyboxImageTest {
    private static final Path PROGRAM = Path.of("/bin/busybox");
    private static final Instant TIME = Instant.parse("2026-01-01T00:00:00Z");

    @TempDir
    private Path temporary;

    @Test
    void givesTheSameBytesForTheSameBusybox() throws Exception {
        Descriptor first = BusyboxImage.of(PROGRAM).write(temporary.resolve("a"), TIME);
        Descriptor second = BusyboxImage.of(PROGRAM).write(temporary.resolve("b"), TIME);
        assertEquals(first, second);
        assertEquals(contents(temporary.resolve("a")), contents(temporary.resolve("b")));
    }

    @Test
    void replacesWhatIsThere() throws Exception {
        Path layout = temporary.resolve("layout");
        Files.createDirectories(layout.resolve("blobs/old"));
        BusyboxImage.main(new String[] {PROGRAM.toString(), layout.toString(), TIME.toString()});
        assertEquals(3, contents(layout.resolve("blobs")).size());
    }

    @Test
    void isAnImageToSkopeo() throws Exception {
        Path layout = temporary.resolve("layout");
        Descriptor manifest = BusyboxImage.of(PROGRAM).write(layout, TIME);
        String name = "oci:" + layout + ":docker.io/library/busybox:latest";
        String inspected = output("skopeo", "inspect", name);
        assertTrue(inspected.contains("\"Digest\": \"" + manifest.digest() + "\""), inspected);
        assertTrue(inspected.contains("\"Architecture\": \"amd64\""), inspected);
        assertTrue(output("skopeo", "inspect", "--config", name)
                .replaceAll("\\s", "")
                .contains("\"Cmd\":[\"sh\"]"));
        // Copying reads every blob and compares its digest.
        output("skopeo", "copy", name, "dir:" + temporary.resolve("copy"));
    }

    @Test
    void unpacksToEveryCommandAndTheUsualDirectories() throws Exception {
        Path layout = temporary.resolve("layout");
        BusyboxImage.of(PROGRAM).write(layout, TIME);
        Path tar = largest(layout.resolve("blobs/sha256"));
        String listing = output("tar", "--numeric-owner", "-tvf", tar.toString());
        for (String command : output(PROGRAM.toString(), "--list").lines().toList()) {
            assertTrue(
                    command.equals("busybox") || listing.contains(" bin/" + command + " link to bin/busybox\n"),
                    command);
        }
        for (String line : List.of(
                "-rwxr-xr-x 0/0         " + Files.size(PROGRAM) + " 2026-01-01",
                "drwxrwxrwt 0/0               0 2026-01-01",
                "drwx------ 0/0               0 2026-01-01",
                "usr/bin/env -> ../../bin/env")) {
            assertTrue(listing.contains(line), () -> line + "\n" + listing);
        }
        assertEquals(
                "root:x:0:0:root:/root:/bin/sh",
                output("tar", "-xOf", tar.toString(), "etc/passwd")
                        .lines()
                        .findFirst()
                        .orElseThrow());
    }

    @Test
    void saysWhatToInstallWhenTheBusyboxIsMissingOrNeedsLibraries() throws Exception {
        Path script = Files.writeString(temporary.resolve("busybox"), "#!/bin/sh\n");
        assertTrue(script.toFile().setExecutable(true));
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        for (Path program : List.of(temporary.resolve("none"), script, java)) {
            IOException e = assertThrows(IOException.class, () -> BusyboxImage.of(program));
            assertTrue(String.valueOf(e.getMessage()).contains("apt-get install busybox-static"), e::getMessage);
        }
    }

    @Test
    void refusesATruncatedProgram() throws Exception {
        byte[] whole = Files.readAllBytes(PROGRAM);
        for (int length : new int[] {0, 3, 5, 20, 60, 70}) {
            Path cut = Files.write(temporary.resolve("cut"), Arrays.copyOf(whole, length));
            assertThrows(IOException.class, () -> StaticProgram.read(cut));
        }
        assertArrayEquals(whole, StaticProgram.read(PROGRAM).content());
    }

    private static Map<String, String> contents(Path directory) throws IOException {
        var contents = new TreeMap<String, String>();
        try (Stream<Path> walk = Files.walk(directory)) {
            for (Path path : walk.filter(Files::isRegularFile).toList()) {
                contents.put(
                        directory.relativize(path).toString(), Files.readString(path, StandardCharsets.ISO_8859_1));
            }
        }
        return contents;
    }

    private static Path largest(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.max(Comparator.comparingLong(path -> path.toFile().length()))
                    .orElseThrow();
        }
    }

    private static String output(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), () -> String.join(" ", command) + "\n" + output);
        return output;
    }
}
