package io.caisson.baseline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On bundles compiled here: one package of an interface that others call, one they implement, and an exception. */
class ApiBaselineTest {
    @TempDir
    Path directory;

    private Path baseline;

    @BeforeEach
    void recordsAPackage() throws Exception {
        baseline = Files.createFile(directory.resolve("baseline"));
        run(bundle("1.0.0", "", "", ""), "record");
    }

    @Test
    void acceptsWhatHasNotChanged() throws Exception {
        run(bundle("1.0.0", "", "", ""), "check");
    }

    @Test
    void acceptsAChangeThatTheVersionTells() throws Exception {
        run(bundle("1.1.0", "void two();", "", ""), "check");
        run(bundle("2.0.0", "", "void two();", ""), "check");
        run(bundle("2.5.0", "void two();", "", "public int code() { return 1; }"), "check");
    }

    @Test
    void asksForAMinorVersionWhenCallersAreOfferedMore() throws Exception {
        Path changed = bundle("1.0.1", "void two();", "", "");

        assertFault(changed, "package example.api has changed (MINOR): raise its version from 1.0.1 to 1.1.0");
        assertFault(changed, "ADDED (MINOR) METHOD example.api.Called two()");
    }

    @Test
    void asksForAMajorVersionWhenImplementersMustDoMore() throws Exception {
        Path changed = bundle("1.1.0", "", "void two();", "");

        assertFault(changed, "package example.api has changed (MAJOR): raise its version from 1.1.0 to 2.0.0");
        assertFault(changed, "ADDED (MAJOR) METHOD example.api.Implemented two()");
    }

    @Test
    void asksForAMajorVersionWhenAMethodGoes() throws Exception {
        run(bundle("1.1.0", "void two();", "", ""), "record");

        assertFault(bundle("1.1.0", "", "", ""), "(MAJOR): raise its version from 1.1.0 to 2.0.0");
    }

    @Test
    void refusesAVersionBelowTheBaseline() throws Exception {
        assertFault(bundle("0.9.0", "", "", ""), "has version 0.9.0, less than 1.0.0 in the baseline");
    }

    @Test
    void refusesAPackageWithoutBaselineUntilItIsRecorded() throws Exception {
        Files.writeString(baseline, "");
        Path bundle = bundle("1.0.0", "", "", "");

        assertFault(bundle, "package example.api has no baseline: record it with -Dcaisson.baseline=record");
        run(bundle, "record");
        run(bundle, "check");
    }

    @Test
    void refusesThatAPackageGoes() throws Exception {
        Path bundle = bundle("1.0.0", "", "", "");
        Files.writeString(bundle.resolve("META-INF/MANIFEST.MF"), manifest(""));

        assertFault(bundle, "package example.api is gone");
    }

    @Test
    void recordsNothingWhenTheVersionDoesNotTell() throws Exception {
        String before = Files.readString(baseline);

        assertThrows(IllegalStateException.class, () -> run(bundle("1.0.0", "void two();", "", ""), "record"));
        assertEquals(before, Files.readString(baseline));
    }

    @Test
    void leavesOutWhatTypesInheritFromTheJdk() throws Exception {
        String text = Files.readString(baseline);

        assertTrue(text.contains("EXTENDS MICRO/MAJOR java.io.IOException"), text);
        assertFalse(text.contains("getMessage"), text);
        assertFalse(text.contains("hashCode"), text);
    }

    @Test
    void keepsConstantsOfAnyTextOnOneLine() throws Exception {
        assertTrue(Files.readString(baseline).contains("CONSTANT CHANGED/CHANGED a\tb\\n\\\\c\n"));
    }

    @Test
    void namesTheLineThatIsNoBaseline() throws Exception {
        Files.writeString(baseline, "PACKAGE MINOR/MAJOR example.api\n<<<<<<<\n");

        IOException e = assertThrows(IOException.class, () -> run(bundle("1.0.0", "", "", ""), "check"));
        assertTrue(String.valueOf(e.getMessage()).contains("baseline:2:"), e.getMessage());
    }

    private void assertFault(Path bundle, String fault) {
        IllegalStateException e = assertThrows(IllegalStateException.class, () -> run(bundle, "check"));
        assertTrue(String.valueOf(e.getMessage()).contains(fault), e.getMessage());
    }

    private void run(Path bundle, String what) throws Exception {
        ApiBaseline.main(new String[] {baseline.toString(), bundle.toString(), what});
    }

    /** A bundle, unpacked, that exports one package. */
    private Path bundle(String version, String called, String implemented, String failure) throws IOException {
        Path bundle = Files.createTempDirectory(directory, "bundle");
        List<String> arguments = new ArrayList<>(
                List.of("-d", bundle.toString(), "-classpath", System.getProperty("java.class.path", "")));
        arguments.add(source(
                "Called",
                "@org.osgi.annotation.versioning.ProviderType public interface Called "
                        + "extends AutoCloseable { String TEXT = \"a\\tb\\n\\\\c\"; int one(String text); " + called
                        + "}"));
        arguments.add(source(
                "Implemented",
                "@org.osgi.annotation.versioning.ConsumerType " + "public interface Implemented { void one(); "
                        + implemented + "}"));
        arguments.add(source(
                "Failure",
                "public final class Failure extends java.io.IOException "
                        + "{ private static final long serialVersionUID = 1; Failure() {} " + failure + "}"));
        assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new)));
        Files.createDirectories(bundle.resolve("META-INF"));
        Files.writeString(
                bundle.resolve("META-INF/MANIFEST.MF"),
                manifest("Export-Package: example.api;version=\"" + version + "\"\n"));
        return bundle;
    }

    private static String manifest(String exports) {
        return "Manifest-Version: 1.0\nBundle-ManifestVersion: 2\nBundle-SymbolicName: example.api\n"
                + "Bundle-Version: 1.0.0\n" + exports;
    }

    private String source(String name, String text) throws IOException {
        Path file = directory.resolve(name + ".java");
        return Files.writeString(file, "package example.api; " + text).toString();
    }
}
