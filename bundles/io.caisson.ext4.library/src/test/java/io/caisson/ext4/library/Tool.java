package io.caisson.ext4.library;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Runs programs that judge images: those of e2fsprogs, tar. */
public final class Tool {
    private Tool() {}

    /** Runs a program that must end with 0; its standard output and error, byte for byte as Latin-1. */
    public static String run(String... command) throws IOException, InterruptedException {
        Path output = Files.createTempFile("tool", ".out");
        try {
            Process process = new ProcessBuilder(List.of(command))
                    .redirectErrorStream(true)
                    .redirectInput(new File("/dev/null"))
                    .redirectOutput(output.toFile())
                    .start();
            int status = process.waitFor();
            String text = Files.readString(output, StandardCharsets.ISO_8859_1);
            if (status != 0) {
                throw new AssertionError(String.join(" ", command) + " ended with " + status + ":\n" + text);
            }
            return text;
        } finally {
            Files.delete(output);
        }
    }

    /** Fails unless e2fsck finds nothing to mend. */
    public static void checkFileSystem(Path image) throws IOException, InterruptedException {
        run("e2fsck", "-fn", image.toString());
    }

    /** The value of a key that must be there. */
    public static <T> T get(Map<String, T> map, String key) {
        T value = map.get(key);
        if (value == null) {
            throw new AssertionError("not there: '" + key + "', but " + map.keySet());
        }
        return value;
    }

    /** How many bytes a sparse file really has. */
    public static long allocated(Path file) throws IOException, InterruptedException {
        return Long.parseLong(run("stat", "-c", "%b", file.toString()).strip()) * 512;
    }
}
