package io.caisson.archive.library;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TarReaderTest {
    @TempDir
    Path directory;

    private static TarReader reader(byte[] archive) {
        return new TarReader(new ByteArrayInputStream(archive));
    }

    private static TarEntry first(byte[] archive) throws IOException {
        TarEntry entry = reader(archive).next();
        assertNotNull(entry);
        return entry;
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static void assertMalformed(String reason, byte[] archive) {
        ArchiveException malformed = assertThrows(ArchiveException.class, () -> {
            TarReader reader = reader(archive);
            for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
                reader.content().readAllBytes();
            }
        });
        assertTrue(String.valueOf(malformed.getMessage()).contains(reason), malformed.getMessage());
        assertTrue(malformed.offset() >= 0 && malformed.offset() <= archive.length, "offset " + malformed.offset());
    }

    @ParameterizedTest
    @ValueSource(strings = {"v7", "ustar", "gnu", "posix", "oldgnu"})
    void readsWhatGnuTarWrites(String format) throws Exception {
        Path tree = Files.createDirectory(directory.resolve("tree"));
        Instant time = Instant.ofEpochSecond(1_234_567_890);
        Map<String, String> expected = new TreeMap<>();
        expected.put("./", "");
        for (int i = 0; i < 40; i++) {
            String name = "file" + i + "-" + "n".repeat(format.equals("v7") ? i : 2 * i);
            byte[] content = new byte[i * 317];
            Arrays.fill(content, (byte) ('a' + i % 26));
            Path file = Files.write(tree.resolve(name), content);
            Files.setLastModifiedTime(file, FileTime.from(time));
            expected.put("./" + name, text(content));
        }
        Files.createSymbolicLink(tree.resolve("link"), Path.of("file0-"));
        expected.put("./link", "-> file0-");
        Files.createLink(tree.resolve("zz-hard"), tree.resolve("file9-" + "n".repeat(format.equals("v7") ? 9 : 18)));
        expected.put("./zz-hard", "== ./file9-" + "n".repeat(format.equals("v7") ? 9 : 18));
        if (!format.equals("v7") && !format.equals("ustar")) {
            String deep = "d".repeat(200) + "/" + "e".repeat(200);
            Files.createDirectories(tree.resolve(deep));
            Files.writeString(tree.resolve(deep + "/" + "f".repeat(250)), "deep");
            expected.put("./" + "d".repeat(200) + "/", "");
            expected.put("./" + deep + "/", "");
            expected.put("./" + deep + "/" + "f".repeat(250), "deep");
        }
        Path tar = directory.resolve("tree.tar");
        Process process = new ProcessBuilder(
                        "tar",
                        "--format=" + format,
                        "--sort=name",
                        "--numeric-owner",
                        "-cf",
                        tar.toString(),
                        "-C",
                        tree.toString(),
                        ".")
                .inheritIO()
                .start();
        assertEquals(0, process.waitFor());
        Map<String, String> actual = new TreeMap<>();
        TarReader reader = new TarReader(Files.newInputStream(tar));
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
            String content =
                    switch (entry.type()) {
                        case SYMBOLIC_LINK -> "-> " + text(entry.linkName());
                        case HARD_LINK -> "== " + text(entry.linkName());
                        default -> text(reader.content().readAllBytes());
                    };
            actual.put(text(entry.name()), content);
            if (entry.type() == TarEntry.Type.REGULAR && text(entry.name()).startsWith("./file")) {
                assertEquals(time, entry.metadata().modified());
                assertEquals(entry.size(), content.length());
            }
        }
        assertEquals(expected, actual);
    }

    @Test
    void paxRecordsOverrideTheHeader() throws Exception {
        byte[] archive = new TestTar()
                .pax(
                        "path=päth",
                        "uid=3000000000",
                        "gid=4294967295",
                        "mtime=-1.25",
                        "atime=12345678901.000000001",
                        "SCHILY.xattr.user.binary=a=\0\nb",
                        "comment=ignored",
                        "size=")
                .file("short", "content")
                .bytes();
        TarEntry entry = first(archive);
        assertEquals("päth", text(entry.name()));
        assertEquals(3_000_000_000L, entry.metadata().uid());
        assertEquals(4_294_967_295L, entry.metadata().gid());
        assertEquals(Instant.ofEpochSecond(-2, 750_000_000), entry.metadata().modified());
        assertEquals(Instant.ofEpochSecond(12_345_678_901L, 1), entry.metadata().accessed());
        byte[] value = entry.metadata().extended().get("user.binary");
        assertNotNull(value);
        assertArrayEquals(TestTar.bytes("a=\0\nb"), value);
        assertEquals(7, entry.size());
    }

    @Test
    void timesHaveAsManyDigitsAsTheyHave() throws Exception {
        assertEquals(Instant.ofEpochSecond(0, -500_000_000), mtime("-.5"));
        assertEquals(Instant.ofEpochSecond(0, -500_000_000), mtime("-0.5"));
        assertEquals(Instant.ofEpochSecond(7, 123_456_789), mtime("7.1234567899999"));
        assertEquals(Instant.ofEpochSecond(-7), mtime("-7"));
        for (String bad : new String[] {"x", "1.2.3", "1.x", "--1", "9999999999999999999", "31556889864403200"}) {
            assertThrows(ArchiveException.class, () -> mtime(bad), bad);
        }
    }

    private static Instant mtime(String text) throws IOException {
        return first(new TestTar().pax("mtime=" + text).file("f").bytes())
                .metadata()
                .modified();
    }

    @Test
    void sizesBeyondOctalAreReadInBinary() throws Exception {
        TestTar tar = new TestTar();
        byte[] header = tar.header('0', "large", "", 0);
        Arrays.fill(header, 124, 136, (byte) 0);
        header[124] = (byte) 0x80;
        header[131] = 1;
        assertEquals(1L << 32, first(tar.raw(TestTar.sum(header)).bytes()).size());
    }

    @Test
    void globalHeadersAreIgnored() throws Exception {
        byte[] archive = new TestTar()
                .entry('g', "global", "", TestTar.bytes("12 path=xxx\n"))
                .file("kept", "1")
                .bytes();
        assertEquals("kept", text(first(archive).name()));
    }

    @Test
    void linksAndDirectoriesHaveNoContentWhateverTheirHeaderSays() throws Exception {
        TestTar tar = new TestTar();
        TarReader reader = reader(tar.raw(tar.header('5', "d", "", 4096))
                .raw(tar.header('2', "l", "d", 77))
                .file("f", "x")
                .bytes());
        for (String name : new String[] {"d", "l", "f"}) {
            TarEntry entry = reader.next();
            assertNotNull(entry);
            assertEquals(name, text(entry.name()));
        }
        assertNull(reader.next());
    }

    @Test
    void anArchiveEndsAtZerosOrWithItsStream() throws Exception {
        byte[] whole = new TestTar().file("f", "x").unended();
        for (int zeros : new int[] {0, 512, 1024, 10240}) {
            TarReader reader = reader(Arrays.copyOf(whole, whole.length + zeros));
            assertNotNull(reader.next());
            assertNull(reader.next());
        }
    }

    @Test
    void everyCutIsNoticedExceptBetweenEntries() throws Exception {
        byte[] whole = new TestTar()
                .directory("d")
                .pax("path=d/f")
                .file("x", "y".repeat(700))
                .symlink("s", "t")
                .bytes();
        int noticed = 0;
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            try {
                TarReader reader = reader(cut);
                while (reader.next() != null) {
                    reader.content().readAllBytes();
                }
                assertEquals(0, length % 512, "a cut at " + length + " went unnoticed");
            } catch (ArchiveException e) {
                noticed++;
            }
        }
        assertTrue(noticed > whole.length * 9 / 10, noticed + " of " + whole.length);
    }

    @Test
    void malformedHeadersAreRefused() {
        TestTar tar = new TestTar();
        byte[] header = tar.header('0', "f", "", 0);
        header[0] ^= 1;
        assertMalformed("checksum", header);
        assertMalformed("octal", TestTar.sum(with(header, 124, "notanumber!")));
        assertMalformed("octal", TestTar.sum(with(header, 108, "9999999\0")));
        byte[] negative = with(header, 124, "\0\0\0\0\0\0\0\0\0\0\0\0");
        Arrays.fill(negative, 124, 136, (byte) 0xFF);
        assertMalformed("size", TestTar.sum(negative));
        byte[] large = with(header, 124, "\0\0\0\0\0\0\0\0\0\0\0\0");
        large[124] = (byte) 0x80;
        large[126] = 1;
        assertMalformed("too large", TestTar.sum(large));
        assertMalformed("unknown type", tar.header('Z', "f", "", 0));
        assertMalformed("sparse", tar.header('S', "f", "", 0));
        assertMalformed("limit", tar.header('x', "f", "", 2 << 20));
        assertMalformed("limit", tar.header('L', "f", "", 2 << 20));
        assertMalformed("followed by", concat(new byte[512], tar.header('0', "f", "", 0)));
    }

    @Test
    void malformedPaxRecordsAreRefused() {
        for (String content : new String[] {
            "x",
            "5 a=b",
            "6 a=b",
            "7 a=b\n",
            "5 a=b\n",
            " 6 a=b\n",
            "99999999999999999999 a=b\n",
            "4 ab\n",
            "4 =b\n",
            "0 a=b\n",
            "6 a=b\nx"
        }) {
            assertMalformed(
                    "pax",
                    new TestTar()
                            .entry('x', "p", "", TestTar.bytes(content))
                            .file("f")
                            .bytes());
        }
        assertMalformed("NUL", new TestTar().pax("path=a\0b").file("f").bytes());
        assertMalformed("number", new TestTar().pax("size=12x").file("f").bytes());
        assertMalformed("size", new TestTar().pax("size=-1").file("f").bytes());
        assertMalformed(
                "out of range", new TestTar().pax("uid=4294967296").file("f").bytes());
        assertMalformed(
                "sparse", new TestTar().pax("GNU.sparse.major=1").file("f").bytes());
        assertMalformed("missing", new TestTar().pax("path=lost").bytes());
    }

    private static byte[] with(byte[] header, int at, String text) {
        byte[] copy = header.clone();
        System.arraycopy(TestTar.bytes(text), 0, copy, at, text.length());
        return copy;
    }

    private static byte[] concat(byte[] one, byte[] two) {
        byte[] both = Arrays.copyOf(one, one.length + two.length);
        System.arraycopy(two, 0, both, one.length, two.length);
        return both;
    }
}
