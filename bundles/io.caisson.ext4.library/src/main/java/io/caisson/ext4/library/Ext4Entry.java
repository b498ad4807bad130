package io.caisson.ext4.library;

/** A name in a directory of a file system being written, and what it names. Belongs to its {@link Ext4Writer}. */
public final class Ext4Entry {
    final byte[] name;
    final Inode inode;
    private int mark;

    Ext4Entry(byte[] name, Inode inode) {
        this.name = name;
        this.inode = inode;
    }

    /** The name's bytes; empty for the root. */
    public byte[] name() {
        return name.clone();
    }

    /** What it names. */
    public FileKind kind() {
        return inode.kind;
    }

    /** A number the caller left here; 0 at first. */
    public int mark() {
        return mark;
    }

    /** Leaves a number for the caller's own use, such as which layer the name came from. */
    public void mark(int number) {
        mark = number;
    }
}
