package io.caisson.host.linux.ffm;

/** What can be ruled out for ever for a file in memory, fcntl(2) "File Sealing". */
public enum Seal {
    /** No further seal can be set. */
    SEAL(0x1),
    /** The file cannot become smaller: mappings of it cannot fault. */
    SHRINK(0x2),
    /** The file cannot grow. */
    GROW(0x4),
    /** The contents cannot change. */
    WRITE(0x8),
    /** The contents can change only through mappings that exist already. Linux 5.1 or newer. */
    FUTURE_WRITE(0x10);

    private final int bit;

    Seal(int bit) {
        this.bit = bit;
    }

    /** The {@code F_SEAL_*} bit. */
    int bit() {
        return bit;
    }
}
