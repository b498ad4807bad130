package io.caisson.guest.grpc.provider;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class NewcArchiveTest {
    /** What {@code printf '%s\n' a a/b | cpio -o -H newc --reproducible -R 0:0} makes of the same, mtime zero. */
    private static final String GOLDEN = "070701" // magic
            + "00000001" + "000041c0" + "00000000" + "00000000" // ino, mode, uid, gid
            + "00000002" + "00000000" + "00000000" // nlink, mtime, filesize
            + "00000000" + "00000000" + "00000000" + "00000000" // device, rdevice
            + "00000002" + "00000000" // namesize, check
            + "a\0" // name: 110 + 2 is a multiple of 4
            + "070701"
            + "00000002" + "00008100" + "00000000" + "00000000"
            + "00000001" + "00000000" + "00000005"
            + "00000000" + "00000000" + "00000000" + "00000000"
            + "00000004" + "00000000"
            + "a/b\0\0\0"
            + "hello\0\0\0"
            + "070701"
            + "00000000" + "00000000" + "00000000" + "00000000"
            + "00000001" + "00000000" + "00000000"
            + "00000000" + "00000000" + "00000000" + "00000000"
            + "0000000b" + "00000000"
            + "TRAILER!!!\0\0\0\0";

    @Test
    void writesTheFormatByteForByte() {
        byte[] archive = new NewcArchive()
                .directory("a", 0700)
                .file("a/b", 0400, "hello".getBytes(StandardCharsets.US_ASCII))
                .finish();
        assertEquals(GOLDEN, new String(archive, StandardCharsets.ISO_8859_1));
    }

    @Test
    void endsAtAMultipleOfFour() {
        for (int size = 0; size < 9; size++) {
            byte[] archive = new NewcArchive().file("f", 0400, new byte[size]).finish();
            assertEquals(0, archive.length % 4, "with " + size + " bytes");
        }
    }

    @Test
    void givesTheSameBytesAgain() {
        assertArrayEquals(
                new NewcArchive().directory("x", 0755).finish(),
                new NewcArchive().directory("x", 0755).finish());
    }
}
