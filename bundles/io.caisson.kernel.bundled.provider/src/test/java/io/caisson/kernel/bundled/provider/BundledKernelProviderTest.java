package io.caisson.kernel.bundled.provider;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.kernel.api.Kernel;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundledKernelProviderTest {
    private final byte[] image = new byte[300_000];
    private final KernelRecord record;

    private final Path home;

    BundledKernelProviderTest(@TempDir Path home) throws Exception {
        this.home = home;
        new Random(7).nextBytes(image);
        record = new KernelRecord(
                "default", "amd64", "6.12.1-caisson-default", sha256(image), image.length, Set.of("fs.erofs"));
    }

    private static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        var compressed = new ByteArrayOutputStream();
        try (var out = new GZIPOutputStream(compressed)) {
            out.write(bytes);
        }
        return compressed.toByteArray();
    }

    private BundledKernelProvider provider() throws IOException {
        return provider(home, gzip(image));
    }

    private BundledKernelProvider provider(Path where, byte[] compressed) {
        return new BundledKernelProvider(where.toString(), record, () -> new ByteArrayInputStream(compressed));
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(home)) {
            return all.filter(Files::isRegularFile).toList();
        }
    }

    @Test
    void unpacksTheKernelWhereItIsFirstUsed() throws Exception {
        Kernel kernel = provider().kernel();

        assertEquals(home.resolve("kernels").resolve(record.sha256()).resolve("vmlinux"), kernel.image());
        assertArrayEquals(image, Files.readAllBytes(kernel.image()));
        assertEquals("default", kernel.name());
        assertEquals("amd64", kernel.architecture());
        assertEquals("6.12.1-caisson-default", kernel.release());
        assertEquals(Set.of("fs.erofs"), kernel.capabilities());
        assertEquals(List.of(kernel.image()), files());
        assertEquals(
                Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.GROUP_READ, PosixFilePermission.OTHERS_READ),
                Files.getPosixFilePermissions(kernel.image()));
    }

    @Test
    void leavesASoundKernelAlone() throws Exception {
        Path path = provider().kernel().image();
        Object inode = Files.getAttribute(path, "unix:ino");

        assertEquals(path, provider(home, new byte[0]).kernel().image(), "with nothing to unpack from");
        assertEquals(inode, Files.getAttribute(path, "unix:ino"));
    }

    @Test
    void replacesAKernelOfWhichOneByteWasChanged() throws Exception {
        Path path = provider().kernel().image();
        byte[] damaged = image.clone();
        damaged[12345]++;
        path.toFile().setWritable(true);
        Files.write(path, damaged);
        Object inode = Files.getAttribute(path, "unix:ino");

        provider().kernel();

        assertArrayEquals(image, Files.readAllBytes(path));
        assertNotEquals(inode, Files.getAttribute(path, "unix:ino"), "a machine may be starting from the old file");
    }

    @Test
    void replacesAKernelThatIsTooShort() throws Exception {
        Path path = provider().kernel().image();
        path.toFile().setWritable(true);
        Files.write(path, Arrays.copyOf(image, 1000));

        provider().kernel();

        assertArrayEquals(image, Files.readAllBytes(path));
    }

    @Test
    void hashesAFileOfUnknownOriginOnceAndKeepsItWhenItIsSound() throws Exception {
        Path path = provider().kernel().image();
        FileTime checked = Files.getLastModifiedTime(path);
        Files.setLastModifiedTime(path, FileTime.from(Instant.now()));
        Object inode = Files.getAttribute(path, "unix:ino");

        provider(home, new byte[0]).kernel();

        assertEquals(inode, Files.getAttribute(path, "unix:ino"));
        assertEquals(checked, Files.getLastModifiedTime(path));
    }

    @Test
    void manyUnpackAtOnce() throws Exception {
        try (var executor = Executors.newFixedThreadPool(16)) {
            Callable<Kernel> start = () -> provider().kernel();
            var starts = new ArrayList<Future<Kernel>>();
            for (int i = 0; i < 64; i++) {
                starts.add(executor.submit(start));
            }
            for (Future<Kernel> started : starts) {
                assertArrayEquals(image, Files.readAllBytes(started.get().image()));
            }
        }
        assertEquals(1, files().size(), files().toString());
    }

    @Test
    void removesWhatAKilledProcessLeftBehindAndNotWhatOneIsWriting() throws Exception {
        Path directory = Files.createDirectories(home.resolve("kernels").resolve(record.sha256()));
        Path abandoned = Files.writeString(directory.resolve("vmlinux.1.part"), "half a");
        Files.setLastModifiedTime(abandoned, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
        Path fresh = Files.writeString(directory.resolve("vmlinux.2.part"), "half a");

        provider().kernel();

        assertFalse(Files.exists(abandoned));
        assertTrue(Files.exists(fresh));
    }

    @Test
    void aDamagedBundleIsCorruptAndLeavesNothingBehind() throws Exception {
        byte[] whole = gzip(image);
        byte[] longer = Arrays.copyOf(image, image.length + 1);
        byte[] other = image.clone();
        other[0]++;
        for (byte[] damaged : List.of(
                Arrays.copyOf(whole, whole.length / 2), new byte[100], gzip(longer), gzip(other), new byte[0])) {
            var failure = assertThrows(
                    CaissonException.class, () -> provider(home, damaged).kernel());
            assertEquals(ErrorKind.CORRUPT, failure.kind(), failure.getMessage());
            assertEquals(List.of(), files());
        }
    }

    @Test
    void aHomeThatCannotBeWrittenToIsUnavailableAndTheMessageSaysWhatToDo() throws Exception {
        for (Path unwritable : List.of(Path.of("/proc/caisson"), Files.writeString(home.resolve("file"), ""))) {
            BundledKernelProvider provider = provider(unwritable, gzip(image));
            var failure = assertThrows(CaissonException.class, provider::kernel);
            assertEquals(ErrorKind.UNAVAILABLE, failure.kind());
            assertTrue(failure.getMessage().contains(unwritable.toString()), failure.getMessage());
            assertTrue(failure.getMessage().contains("CAISSON_HOME"), failure.getMessage());
        }
    }

    @Test
    void saysBeforehandThatItCannotServeWithoutAHome() throws Exception {
        assertTrue(provider().availability().available());
        var homeless = new BundledKernelProvider(null, record, () -> new ByteArrayInputStream(new byte[0]));
        assertFalse(homeless.availability().available());
        assertEquals(
                ErrorKind.INVALID_ARGUMENT,
                assertThrows(CaissonException.class, homeless::kernel).kind());
    }

    @Test
    void theBundleCarriesABootableKernelThatMatchesItsRecord() throws Exception {
        var provider = new BundledKernelProvider(home.toString());
        Kernel kernel = provider.kernel();
        byte[] start = new byte[4];
        try (var in = Files.newInputStream(kernel.image())) {
            assertEquals(4, in.read(start));
        }
        if (kernel.architecture().equals("amd64")) {
            assertArrayEquals(new byte[] {0x7f, 'E', 'L', 'F'}, start);
        }
        assertTrue(kernel.capabilities().contains("device.vsock"), kernel.toString());
    }
}
