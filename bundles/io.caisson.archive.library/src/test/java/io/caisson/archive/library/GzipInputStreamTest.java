package io.caisson.archive.library;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class GzipInputStreamTest {
    private static byte[] gzip(byte[] content) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(content);
        }
        return out.toByteArray();
    }

    private static byte[] content(int size) {
        byte[] content = new byte[size];
        new Random(size).nextBytes(content);
        Arrays.fill(content, 0, size / 2, (byte) 'x');
        return content;
    }

    private static byte[] read(byte[] compressed) throws IOException {
        try (GzipInputStream in = new GzipInputStream(new ByteArrayInputStream(compressed))) {
            return in.readAllBytes();
        }
    }

    private static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    @Test
    void readsAllMembers() throws Exception {
        byte[] one = content(100_000);
        byte[] two = content(70_001);
        assertArrayEquals(concat(one, two), read(concat(gzip(one), gzip(new byte[0]), gzip(two))));
        assertArrayEquals(one, read(concat(gzip(one), new byte[1000])));
        assertEquals(0, read(gzip(new byte[0])).length);
    }

    @Test
    void readsMembersFromStreamsThatGiveLittleAtATime() throws Exception {
        byte[] one = content(5000);
        byte[] compressed = concat(gzip(one), gzip(one));
        InputStream slow =
                new SequenceInputStream(
                        new ByteArrayInputStream(compressed, 0, compressed.length / 2),
                        new ByteArrayInputStream(compressed, compressed.length / 2, compressed.length)) {
                    @Override
                    public int read(byte[] into, int at, int count) throws IOException {
                        return super.read(into, at, Math.min(count, 1));
                    }

                    @Override
                    public int available() {
                        return 0;
                    }
                };
        try (GzipInputStream in = new GzipInputStream(slow)) {
            assertArrayEquals(concat(one, one), in.readAllBytes());
        }
    }

    @Test
    void skipsTheHeadersOptionalFields() throws Exception {
        byte[] plain = gzip(content(100));
        byte[] header = {0x1F, (byte) 0x8B, 8, 0x1F, 0, 0, 0, 0, 0, 3, 2, 0, 'a', 'b', 'n', 0, 'c', 0, 9, 9};
        byte[] rest = Arrays.copyOfRange(plain, 10, plain.length);
        assertArrayEquals(content(100), read(concat(header, rest)));
    }

    @Test
    void everyCutIsNoticed() throws Exception {
        byte[] compressed = gzip(content(3000));
        for (int length = 0; length < compressed.length; length++) {
            byte[] cut = Arrays.copyOf(compressed, length);
            ArchiveException failure = assertThrows(ArchiveException.class, () -> read(cut), "cut at " + length);
            assertTrue(failure.offset() <= length, failure.getMessage());
        }
    }

    @Test
    void damageIsNoticed() throws Exception {
        byte[] compressed = gzip(content(3000));
        byte[] checksum = compressed.clone();
        checksum[compressed.length - 8] ^= 1;
        assertThrows(ArchiveException.class, () -> read(checksum));
        byte[] length = compressed.clone();
        length[compressed.length - 1] ^= 1;
        assertThrows(ArchiveException.class, () -> read(length));
        byte[] data = compressed.clone();
        data[compressed.length / 2] ^= 1;
        assertThrows(ArchiveException.class, () -> read(data));
        assertThrows(ArchiveException.class, () -> read(concat(compressed, new byte[] {1, 2, 3})));
    }

    @Test
    void compressionIsToldByTheFirstBytes() throws Exception {
        byte[] tar = new TestTar().file("f", "x").bytes();
        for (byte[] stored : new byte[][] {tar, gzip(tar)}) {
            try (InputStream in = Compression.decompress(new ByteArrayInputStream(stored), "any")) {
                assertArrayEquals(tar, in.readAllBytes());
            }
        }
        byte[] zstd = {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD, 0, 0};
        Exception refused = assertThrows(
                UnsupportedCompressionException.class,
                () -> Compression.decompress(
                        new ByteArrayInputStream(zstd), "application/vnd.oci.image.layer.v1.tar+zstd"));
        assertTrue(String.valueOf(refused.getMessage()).contains("tar+zstd"), refused.getMessage());
        try (InputStream empty = Compression.decompress(new ByteArrayInputStream(new byte[0]), "any")) {
            assertEquals(-1, empty.read());
        }
    }
}
