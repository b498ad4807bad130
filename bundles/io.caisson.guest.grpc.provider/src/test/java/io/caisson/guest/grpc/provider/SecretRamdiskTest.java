package io.caisson.guest.grpc.provider;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.guest.api.GuestSecret;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretRamdiskTest {
    @TempDir
    private Path home;

    @Test
    void followsTheInitsArchiveWithOneThatHoldsTheSecret() throws Exception {
        Path base = Files.write(home.resolve("base.cpio"), new byte[] {1, 2, 3, 4, 5});
        byte[] value = new byte[GuestSecret.LENGTH];
        value[0] = 'S';
        var ramdisk = new SecretRamdisk(base, "abc", GuestSecret.of(value));

        byte[] written = written(ramdisk);
        assertEquals(ramdisk.size(), written.length);
        assertArrayEquals(new byte[] {1, 2, 3, 4, 5, 0, 0, 0, '0', '7', '0', '7', '0', '1'}, first(written, 14));
        String text = new String(written, StandardCharsets.ISO_8859_1);
        assertTrue(text.contains("run/caisson/secret\0"));
        assertTrue(text.contains(new String(value, StandardCharsets.ISO_8859_1)));
        assertArrayEquals(written, written(ramdisk));
    }

    @Test
    void isIdentifiedByTheArchiveAndTheSecretWithoutTellingIt() throws Exception {
        Path base = Files.write(home.resolve("base.cpio"), new byte[8]);
        GuestSecret secret = GuestSecret.random();
        String identity = new SecretRamdisk(base, "abc", secret).identity();
        assertEquals(identity, new SecretRamdisk(base, "abc", GuestSecret.of(secret.toBytes())).identity());
        assertNotEquals(identity, new SecretRamdisk(base, "abd", secret).identity());
        assertNotEquals(identity, new SecretRamdisk(base, "abc", GuestSecret.random()).identity());
        assertFalse(identity.contains(HexFormat.of().formatHex(secret.toBytes())));
    }

    @Test
    void refusesToWriteAnArchiveThatChanged() throws Exception {
        Path base = Files.write(home.resolve("base.cpio"), new byte[8]);
        var ramdisk = new SecretRamdisk(base, "abc", GuestSecret.random());
        Files.write(base, new byte[12]);
        assertThrows(IOException.class, () -> written(ramdisk));
    }

    @Test
    void theStoreUnpacksTheArchiveOfTheBundleOnceUnderItsDigestAndKeepsIt() throws Exception {
        var store = new InitramfsStore(home, GrpcGuestAgent.class);
        assertTrue(store.has("amd64"));
        Path archive = store.archive("amd64");
        try (InputStream compressed = resource();
                InputStream whole = new GZIPInputStream(resource())) {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(compressed.readAllBytes());
            assertEquals(home.resolve("guest/" + HexFormat.of().formatHex(digest) + "/initramfs.cpio"), archive);
            assertArrayEquals(whole.readAllBytes(), Files.readAllBytes(archive));
        }
        Object made = inode(archive);
        assertEquals(archive, store.archive("amd64"));
        assertEquals(made, inode(archive));
        try (var files = Files.list(archive.getParent())) {
            assertEquals(1, files.count());
        }
    }

    private static Object inode(Path file) throws IOException {
        return Files.getAttribute(file, "unix:ino");
    }

    @Test
    void theStoreUnpacksAgainWhatWasDamagedAndRemovesWhatKilledProcessesLeft() throws Exception {
        var store = new InitramfsStore(home, GrpcGuestAgent.class);
        Path archive = store.archive("amd64");
        byte[] whole = Files.readAllBytes(archive);
        Path abandoned = Files.createFile(archive.resolveSibling("initramfs.cpio1.part"));
        Files.setLastModifiedTime(abandoned, FileTime.fromMillis(0));
        Path begun = Files.createFile(archive.resolveSibling("initramfs.cpio2.part"));
        try (FileChannel file = FileChannel.open(archive, StandardOpenOption.WRITE)) {
            file.truncate(1000);
        }
        assertArrayEquals(whole, Files.readAllBytes(store.archive("amd64")));
        assertFalse(Files.exists(abandoned));
        assertTrue(Files.exists(begun));
    }

    private static InputStream resource() {
        return Objects.requireNonNull(GrpcGuestAgent.class.getResourceAsStream("initramfs-amd64.cpio.gz"));
    }

    @Test
    void theStoreSaysWhyItCannotUnpack() throws Exception {
        Path file = Files.createFile(home.resolve("file"));
        var store = new InitramfsStore(file, GrpcGuestAgent.class);
        CaissonException failure = assertThrows(CaissonException.class, () -> store.archive("amd64"));
        assertEquals(ErrorKind.UNAVAILABLE, failure.kind());
        assertFalse(store.has("riscv64"));
    }

    private static byte[] written(SecretRamdisk ramdisk) throws IOException {
        var target = new ByteArrayOutputStream();
        ramdisk.writeTo(target);
        return target.toByteArray();
    }

    private static byte[] first(byte[] bytes, int count) {
        return Arrays.copyOf(bytes, count);
    }
}
