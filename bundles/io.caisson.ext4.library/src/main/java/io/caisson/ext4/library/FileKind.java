package io.caisson.ext4.library;

/** The kinds of files, with their numbers in inodes and directory entries. */
public enum FileKind {
    /** A named pipe. */
    FIFO(0x1000, 5),
    /** A character device. */
    CHARACTER_DEVICE(0x2000, 3),
    /** A directory. */
    DIRECTORY(0x4000, 2),
    /** A block device. */
    BLOCK_DEVICE(0x6000, 4),
    /** A regular file. */
    REGULAR(0x8000, 1),
    /** A symbolic link. */
    SYMBOLIC_LINK(0xA000, 7),
    /** A Unix socket. */
    SOCKET(0xC000, 6);

    /** The kind's bits in {@code i_mode} (inodes.rst, "i_mode"). */
    final int modeBits;

    /** The kind's number in a directory entry (directory.rst, "file_type"). */
    final int directoryNumber;

    FileKind(int modeBits, int directoryNumber) {
        this.modeBits = modeBits;
        this.directoryNumber = directoryNumber;
    }

    static FileKind ofMode(int mode) {
        return switch (mode & 0xF000) {
            case 0x1000 -> FIFO;
            case 0x2000 -> CHARACTER_DEVICE;
            case 0x4000 -> DIRECTORY;
            case 0x6000 -> BLOCK_DEVICE;
            case 0x8000 -> REGULAR;
            case 0xA000 -> SYMBOLIC_LINK;
            case 0xC000 -> SOCKET;
            default -> throw new IllegalArgumentException("no file kind has mode " + Integer.toOctalString(mode));
        };
    }
}
