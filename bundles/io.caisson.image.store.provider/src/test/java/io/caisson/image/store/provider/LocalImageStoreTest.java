package io.caisson.image.store.provider;

import static io.caisson.image.testkit.Failures.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.caisson.image.api.Descriptor;
import io.caisson.image.api.ImageReference;
import io.caisson.image.api.ImageStore;
import io.caisson.image.library.MediaTypes;
import io.caisson.image.testkit.SampleImage;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.Platform;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchService;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class LocalImageStoreTest {
    private static final Platform AMD64 = Platform.linux("amd64");
    private static final ImageReference NAME = ImageReference.parse("sample");

    @TempDir
    private Path temporary;

    private Path home;
    private ImageStore store;
    private final RecordedLog log = new RecordedLog();

    @BeforeEach
    void openStore() {
        home = temporary.resolve("home");
        store = new LocalImageStore(home, log.logger());
    }

    @Test
    void makesNothingBeforeItIsWrittenTo() {
        assertEquals(List.of(), store.list());
        assertFalse(Files.exists(home));
    }

    @Test
    void laysOutTheHomeAsTheDesignSays() throws Exception {
        SampleImage sample = add();
        Path blobs = home.resolve("content/sha256");
        assertEquals(3, files(blobs).size());
        for (Descriptor blob : sample.blobs()) {
            Path file = blobs.resolve(blob.digest().hex());
            assertArrayEquals(sample.content(blob), Files.readAllBytes(file));
            assertEquals("r--r--r--", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        }
        assertEquals(List.of(), files(home.resolve("content/ingest")));
        assertTrue(Files.readString(home.resolve("images.json"))
                .startsWith("{\"version\":1,\"images\":[{\"name\":\"docker.io/library/sample:latest\","));
        assertFalse(Files.exists(home.resolve("images.json.new")));
    }

    @Test
    void findsDamageDoneToABlobAndIsMendedByTakingItInAgain() throws Exception {
        SampleImage sample = add();
        for (String part : List.of("config", "layer", "manifest")) {
            Descriptor blob = sample.blob(part);
            for (byte[] bad : List.of(flipped(sample.content(blob)), new byte[0], new byte[100_000])) {
                damage(blob, bad);
                assertFails(
                        ErrorKind.CORRUPT,
                        () -> {
                            store.image(NAME, AMD64);
                            readWhole(blob);
                        },
                        blob.digest());
                sample.ingestInto(store.content());
                store.image(NAME, AMD64);
                readWhole(blob);
            }
        }
    }

    @Test
    void listsADamagedImageWithoutPlatformsAndWarns() throws Exception {
        SampleImage sample = add();
        damage(sample.blob("config"), new byte[1]);
        assertEquals(List.of(), store.list().getFirst().platforms());
        assertEquals(1, log.warnings().size());
        assertTrue(log.warnings()
                .getFirst()
                .contains(sample.blob("config").digest().toString()));
    }

    @Test
    void saysWhatToDoWhenTheReferencesAreDamaged() throws Exception {
        add();
        Path file = home.resolve("images.json");
        String good = Files.readString(file);
        for (String bad : List.of(
                "",
                good.substring(0, good.length() - 1),
                good.replace("\"sha256:", "\"sha256:x"),
                good.replace("docker.io/library/sample", "Not A Name"),
                good.replace("\"version\":1", "\"version\":\"1\""),
                " ".repeat((16 << 20) + 1))) {
            Files.writeString(file, bad);
            assertFails(ErrorKind.CORRUPT, () -> store.list(), "images.json", "move the file away");
            if (!bad.contains("Not A Name")) {
                // Nothing that cannot be read is replaced.
                assertFails(ErrorKind.CORRUPT, () -> store.remove(NAME), "images.json");
            }
            assertEquals(bad, Files.readString(file));
        }
        Files.writeString(file, good.replace("\"version\":1", "\"version\":2"));
        assertFails(ErrorKind.UNSUPPORTED, () -> store.list(), "newer Caisson");
    }

    @Test
    void saysWhatToDoWhenTheHomeCannotBeWritten() throws Exception {
        Path file = Files.writeString(temporary.resolve("file"), "");
        ImageStore nowhere = new LocalImageStore(file.resolve("home"), log.logger());
        assertFalse(nowhere.availability().available());
        assertFails(ErrorKind.UNAVAILABLE, () -> ingest(nowhere, new byte[10]), file, "CAISSON_HOME");
        assertFails(ErrorKind.UNAVAILABLE, () -> nowhere.remove(NAME), file, "CAISSON_HOME");
    }

    @Test
    void saysThatPermissionIsMissing() throws Exception {
        SampleImage sample = add();
        for (Path directory : List.of(home, home.resolve("content"), home.resolve("content/ingest"))) {
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("r-xr-xr-x"));
        }
        // In a user namespace without root even root has no power over permissions.
        List<String> unprivileged = List.of("unshare", "--user");
        assumeTrue(succeeds(unprivileged, "true"), "needs user namespaces");
        byte[] bytes = random(10);
        for (List<String> arguments : List.of(
                List.of("ingest", home.toString(), descriptor(bytes).digest().toString(), "10"),
                List.of(
                        "tag",
                        home.toString(),
                        "x:",
                        "1",
                        sample.root().digest().toString(),
                        "" + sample.root().size()))) {
            var command = new ArrayList<>(unprivileged);
            command.addAll(
                    StoreProcess.command(arguments.toArray(String[]::new)).command());
            Process process = new ProcessBuilder(command).start();
            process.getOutputStream().close();
            String output = StoreProcess.output(process);
            assertTrue(output.startsWith("PERMISSION_DENIED cannot store "), output);
            assertTrue(output.contains(home.toString()) && output.contains("CAISSON_HOME"), output);
        }
        Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @Test
    void refusesAtOnceWhatCannotFit() {
        var huge = new Descriptor(MediaTypes.LAYER, SampleImage.digest(new byte[0]), Long.MAX_VALUE);
        assertFails(
                ErrorKind.UNAVAILABLE,
                () -> store.content().ingest(huge, InputStream.nullInputStream()),
                huge.digest(),
                "no room",
                "CAISSON_HOME");
    }

    @Test
    void saysThatTheDiskIsFullAndLeavesNothingThere() throws Exception {
        byte[] bytes = random(3_000_000);
        Descriptor blob = descriptor(bytes);
        // The disk, a file system of its own, has room at first; then something else fills it.
        Path small = Files.createDirectory(temporary.resolve("small"));
        var command = new ArrayList<String>(List.of("unshare", "--user", "--map-root-user", "--mount", "sh", "-c"));
        assumeTrue(succeeds(command, "mount -t tmpfs none \"$0\"", small.toString()), "needs user namespaces");
        command.add("mount -t tmpfs -o size=4m none \"$0\" && \"$@\" && find \"$0\" -type f");
        command.add(small.toString());
        command.addAll(StoreProcess.command(
                        "ingest-while-filling",
                        small.resolve("home").toString(),
                        blob.digest().toString(),
                        Long.toString(blob.size()),
                        small.resolve("filler").toString())
                .command());
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (OutputStream in = process.getOutputStream()) {
            in.write(bytes);
        } catch (IOException e) {
            // It stops reading when its disk is full.
        }
        List<String> lines = StoreProcess.output(process).lines().toList();
        assertTrue(lines.getFirst().startsWith("UNAVAILABLE no room on the disk of " + small), lines.toString());
        assertTrue(lines.getFirst().contains(blob.digest() + ": "), lines.toString());
        assertEquals(List.of(small.resolve("filler").toString()), lines.subList(1, lines.size()));
    }

    private static boolean succeeds(List<String> command, String... more) throws IOException, InterruptedException {
        var whole = new ArrayList<>(command);
        whole.addAll(List.of(more));
        return new ProcessBuilder(whole).start().waitFor() == 0;
    }

    @Test
    void losesNoNameThatOtherProcessesGive() throws Exception {
        SampleImage sample = add();
        var processes = new ArrayList<Process>();
        for (int i = 0; i < 4; i++) {
            processes.add(StoreProcess.command(
                            "tag",
                            home.toString(),
                            "many:" + i + "-",
                            "25",
                            sample.root().digest().toString(),
                            Long.toString(sample.root().size()))
                    .start());
        }
        for (int k = 0; k < 25; k++) {
            store.tag(ImageReference.parse("many:own-" + k), sample.root());
        }
        for (Process process : processes) {
            assertEquals("done", StoreProcess.output(process));
        }
        assertEquals(1 + 5 * 25, store.list().size());
    }

    @Test
    void aProcessKilledInTheMiddleOfABlobLeavesNothingWrongAndTheNextCleansUpAfterItAlone() throws Exception {
        byte[] bytes = random(2_000_000);
        Descriptor blob = descriptor(bytes);
        Path ingest = home.resolve("content/ingest");
        Process dying = halfway(blob, bytes);
        Process living = halfway(blob, bytes);
        assertEquals(2, files(ingest).size());
        assertFalse(store.content().contains(blob.digest()));

        dying.destroyForcibly().waitFor();
        assertEquals(2, files(ingest).size());
        // The first blob that this process takes in.
        ingest(store, new byte[10]);
        List<Path> left = files(ingest);
        assertEquals(1, left.size());
        assertTrue(left.getFirst().getFileName().toString().startsWith(living.pid() + "-"), left.toString());

        try (OutputStream in = living.getOutputStream()) {
            in.write(bytes, 1_000_000, bytes.length - 1_000_000);
        }
        assertEquals("done", StoreProcess.output(living));
        readWhole(blob);
        assertEquals(List.of(), files(ingest));
    }

    /** A process that has taken in a million bytes of a blob and waits for the rest. */
    private Process halfway(Descriptor blob, byte[] bytes) throws IOException, InterruptedException {
        Path ingest = Files.createDirectories(home.resolve("content/ingest"));
        try (WatchService watch = ingest.getFileSystem().newWatchService()) {
            ingest.register(watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY);
            Process process = StoreProcess.command(
                            "ingest", home.toString(), blob.digest().toString(), Long.toString(blob.size()))
                    .start();
            OutputStream in = process.getOutputStream();
            in.write(bytes, 0, 1_000_000);
            in.flush();
            while (written(ingest, process.pid()) < 900_000) {
                watch.take().reset();
            }
            return process;
        }
    }

    private static long written(Path ingest, long pid) throws IOException {
        for (Path file : files(ingest)) {
            if (file.getFileName().toString().startsWith(pid + "-")) {
                return Files.size(file);
            }
        }
        return 0;
    }

    @Test
    void waitsForAnotherProcessesChangeAndCanBeInterruptedMeanwhile() throws Exception {
        SampleImage sample = add();
        Process holder = StoreProcess.command("hold", home.toString()).start();
        assertEquals("held", holder.inputReader().readLine());
        var failure = new CompletableFuture<CaissonException>();
        var flagUp = new AtomicBoolean();
        Thread waiting = Thread.ofVirtual().start(() -> {
            try {
                store.tag(ImageReference.parse("other"), sample.root());
                failure.complete(null);
            } catch (CaissonException e) {
                flagUp.set(Thread.interrupted());
                failure.complete(e);
            }
        });
        while (waiting.isAlive() && waiting.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        waiting.interrupt();
        assertEquals(ErrorKind.CANCELLED, failure.get().kind());
        assertTrue(flagUp.get(), "whoever is not told by an InterruptedException finds the flag up");
        holder.getOutputStream().close();
        holder.waitFor();
        store.tag(ImageReference.parse("other"), sample.root());
        assertEquals(2, store.list().size());
    }

    private SampleImage add() throws IOException, InterruptedException {
        SampleImage sample = SampleImage.of(AMD64, "content of a layer");
        sample.ingestInto(store.content());
        store.tag(NAME, sample.root());
        return sample;
    }

    private static void ingest(ImageStore into, byte[] bytes) throws IOException, InterruptedException {
        into.content().ingest(descriptor(bytes), new ByteArrayInputStream(bytes));
    }

    private void readWhole(Descriptor blob) throws IOException {
        try (InputStream in = store.content().open(blob.digest())) {
            in.readAllBytes();
        }
    }

    private void damage(Descriptor blob, byte[] bytes) throws IOException {
        Path file = home.resolve("content/sha256/" + blob.digest().hex());
        Files.delete(file);
        Files.write(file, bytes);
    }

    private static byte[] flipped(byte[] bytes) {
        byte[] flipped = bytes.clone();
        flipped[bytes.length / 2] ^= 1;
        return flipped;
    }

    private static byte[] random(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    private static Descriptor descriptor(byte[] bytes) {
        return new Descriptor(MediaTypes.LAYER, SampleImage.digest(bytes), bytes.length);
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.sorted().toList();
        }
    }
}
