package io.caisson.guest.grpc.provider;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Writes a cpio archive in the "newc" format, as the kernel unpacks it (Linux, Documentation/driver-api/early-userspace/
 * buffer-format.rst). The same entries give the same bytes: everything belongs to root and dates from 1970. Only
 * directories and regular files; no hard links, no checksums.
 */
final class NewcArchive {
    private static final String MAGIC = "070701";
    private static final int DIRECTORY = 0040000;
    private static final int REGULAR = 0100000;
    private static final String TRAILER = "TRAILER!!!";

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
    private int entries;

    /**
     * Adds a directory. One that is there already only gets this mode.
     *
     * @param name without a slash at either end
     */
    NewcArchive directory(String name, int permissions) {
        entry(name, DIRECTORY | permissions, 2, new byte[0]);
        return this;
    }

    /** Adds a file, whose directory must exist by then. */
    NewcArchive file(String name, int permissions, byte[] contents) {
        entry(name, REGULAR | permissions, 1, contents);
        return this;
    }

    /** Ends the archive; its length is a multiple of 4, so that another may follow. */
    byte[] finish() {
        header(0, 0, 1, 0, TRAILER);
        return bytes.toByteArray();
    }

    private void entry(String name, int mode, int links, byte[] contents) {
        entries++;
        header(entries, mode, links, contents.length, name);
        bytes.writeBytes(contents);
        pad();
    }

    /** The 110 bytes of cpio_header (buffer-format.rst, in its order) and the name. */
    private void header(int inode, int mode, int links, int size, String name) {
        byte[] nameBytes = name.getBytes(StandardCharsets.US_ASCII);
        bytes.writeBytes(MAGIC.getBytes(StandardCharsets.US_ASCII));
        field(inode); // c_ino
        field(mode); // c_mode
        field(0); // c_uid
        field(0); // c_gid
        field(links); // c_nlink
        field(0); // c_mtime
        field(size); // c_filesize
        field(0); // c_maj
        field(0); // c_min
        field(0); // c_rmaj
        field(0); // c_rmin
        field(nameBytes.length + 1); // c_namesize, with the NUL
        field(0); // c_chksum
        bytes.writeBytes(nameBytes);
        bytes.write(0);
        pad();
    }

    private void field(int value) {
        for (int shift = 28; shift >= 0; shift -= 4) {
            bytes.write(Character.forDigit((value >>> shift) & 15, 16));
        }
    }

    private void pad() {
        while (bytes.size() % 4 != 0) {
            bytes.write(0);
        }
    }
}
