package io.caisson.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code lib/java.sh}, with Java homes that consist of what it looks at. */
class FindJavaTest {
    private static final Path SCRIPT = Path.of("../src/main/dist/lib/java.sh");
    private static final String NEEDED =
            "caisson: needs a JDK 25 or newer: install one, such as temurin-25-jdk, or set JAVA_HOME to it";

    @TempDir
    Path directory;

    private Path systemJvms;
    private Path home;

    @BeforeEach
    void makesAnEmptyMachine() throws IOException {
        systemJvms = Files.createDirectory(directory.resolve("jvm"));
        home = Files.createDirectory(directory.resolve("home"));
    }

    @Test
    void takesJavaHomeBeforeAnyOther() throws Exception {
        Path chosen = java(directory.resolve("chosen"), "26.0.1", "javac");
        java(systemJvms.resolve("jdk-25"), "25.0.3", "javac");

        assertFinds(chosen, "javac", Map.of("JAVA_HOME", chosen.toString()));
    }

    @Test
    void passesOverAJavaHomeThatIsTooOld() throws Exception {
        Path old = java(directory.resolve("old"), "17.0.15", "javac");
        Path system = java(systemJvms.resolve("temurin-25-jdk-amd64"), "25.0.3", "javac");

        assertFinds(system, "javac", Map.of("JAVA_HOME", old.toString()));
    }

    @Test
    void followsTheLinkOnThePath() throws Exception {
        Path installed = java(directory.resolve("opt/jdk 25"), "25", "javac");
        Path bin = Files.createDirectory(directory.resolve("bin"));
        Files.createSymbolicLink(bin.resolve("java"), installed.resolve("bin/java"));
        java(systemJvms.resolve("jdk-27"), "27", "javac");

        assertFinds(installed, "javac", Map.of("PATH", bin + ":/usr/bin:/bin"));
    }

    @Test
    void findsWhatSdkmanInstalled() throws Exception {
        java(systemJvms.resolve("java-17-openjdk-amd64"), "17.0.15", "javac");
        Path installed = java(home.resolve(".sdkman/candidates/java/25.0.3-tem"), "25.0.3", "javac");

        assertFinds(installed, "javac", Map.of());
    }

    @Test
    void understandsEarlyAccessVersions() throws Exception {
        assertFinds(java(systemJvms.resolve("jdk"), "26-ea", "javac"), "java", Map.of());
    }

    @Test
    void runsOnAJavaThatCannotCompile() throws Exception {
        assertFinds(java(systemJvms.resolve("jre"), "25.0.3"), "java", Map.of());
    }

    @Test
    void compilesOnlyWithAJavaThatCan() throws Exception {
        Path jre = java(systemJvms.resolve("a-jre"), "25.0.3");

        assertFails(NEEDED + " (" + jre + " has no javac)", "javac", Map.of());
        assertFinds(java(systemJvms.resolve("b-jdk"), "25.0.3", "javac"), "javac", Map.of());
    }

    @Test
    void saysWhatThereIsInstead() throws Exception {
        Path old = java(systemJvms.resolve("java-17-openjdk-amd64"), "17.0.15", "javac");
        Files.createSymbolicLink(systemJvms.resolve("default"), old);
        Path older = java(systemJvms.resolve("java-8"), "1.8.0_452", "javac");

        assertFails(NEEDED + " (" + old + " is version 17.0.15; " + older + " is version 1.8.0_452)", "java", Map.of());
    }

    @Test
    void saysWhatIsNeededWhereThereIsNone() throws Exception {
        Files.createDirectories(systemJvms.resolve("empty/bin"));

        assertFails(
                NEEDED, "java", Map.of("JAVA_HOME", directory.resolve("gone").toString()));
    }

    private void assertFinds(Path java, String program, Map<String, String> environment) throws Exception {
        assertEquals("0 " + java + "\n", find(program, environment));
    }

    private void assertFails(String message, String program, Map<String, String> environment) throws Exception {
        assertEquals(message + "\n1\n", find(program, environment));
    }

    private String find(String program, Map<String, String> environment) throws IOException, InterruptedException {
        ProcessBuilder shell = new ProcessBuilder(
                "/bin/sh",
                "-c",
                ". \"$0\"; if find_java \"$1\"; then echo \"0 $java_home\"; else echo \"$?\"; fi",
                SCRIPT.toString(),
                program);
        shell.environment().clear();
        shell.environment().put("PATH", noJava().toString());
        shell.environment().put("HOME", home.toString());
        shell.environment().put("CAISSON_JVMS", systemJvms.toString());
        shell.environment().putAll(environment);
        Process process = shell.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output;
    }

    /** A search path with what the script calls and no Java. */
    private Path noJava() throws IOException {
        Path bin = directory.resolve("tools");
        if (!Files.exists(bin)) {
            Files.createDirectory(bin);
            executable(bin.resolve("readlink"));
            Files.writeString(bin.resolve("readlink"), "#!/bin/sh\nexec /usr/bin/readlink \"$@\"\n");
        }
        return bin;
    }

    private static Path java(Path home, String version, String... programs) throws IOException {
        Path bin = Files.createDirectories(home.resolve("bin"));
        executable(bin.resolve("java"));
        for (String program : programs) {
            executable(bin.resolve(program));
        }
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"Example\"\nJAVA_VERSION=\"" + version + "\"\n");
        return home;
    }

    private static void executable(Path file) throws IOException {
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    }
}
