package io.caisson.archive.library;

import java.nio.charset.StandardCharsets;

/** One file in a tar archive, as its headers describe it. Immutable; arrays are not copied and not to be changed. */
public final class TarEntry {
    /** What kind of file an entry makes. */
    public enum Type {
        /** A regular file with its content. */
        REGULAR,
        /** Another name for a file earlier in the archive, or below it. */
        HARD_LINK,
        /** A symbolic link. */
        SYMBOLIC_LINK,
        /** A character device. */
        CHARACTER_DEVICE,
        /** A block device. */
        BLOCK_DEVICE,
        /** A directory. */
        DIRECTORY,
        /** A named pipe. */
        FIFO
    }

    private static final int DISPLAYED = 200;

    private final long offset;
    private final Type type;
    private final byte[] name;
    private final byte[] linkName;
    private final long size;
    private final FileMetadata metadata;
    private final long major;
    private final long minor;

    TarEntry(
            long offset,
            Type type,
            byte[] name,
            byte[] linkName,
            long size,
            FileMetadata metadata,
            long major,
            long minor) {
        this.offset = offset;
        this.type = type;
        this.name = name;
        this.linkName = linkName;
        this.size = size;
        this.metadata = metadata;
        this.major = major;
        this.minor = minor;
    }

    /** Where its header begins in the archive, in bytes. */
    public long offset() {
        return offset;
    }

    /** What it makes. */
    public Type type() {
        return type;
    }

    /** Its path as the archive has it, in whatever encoding. */
    public byte[] name() {
        return name;
    }

    /** What a link leads to; empty for anything else. */
    public byte[] linkName() {
        return linkName;
    }

    /** The content's length in bytes; 0 for anything but a regular file. */
    public long size() {
        return size;
    }

    /** Owner, permissions, times, extended attributes. */
    public FileMetadata metadata() {
        return metadata;
    }

    /** A device's major number; 0 for anything else. */
    public long major() {
        return major;
    }

    /** A device's minor number; 0 for anything else. */
    public long minor() {
        return minor;
    }

    /** Its path for people: control characters replaced, cut when long. */
    public String displayName() {
        return display(name);
    }

    static String display(byte[] bytes) {
        int length = Math.min(bytes.length, DISPLAYED);
        StringBuilder text = new StringBuilder(new String(bytes, 0, length, StandardCharsets.UTF_8));
        for (int i = 0; i < text.length(); i++) {
            if (Character.isISOControl(text.charAt(i))) {
                text.setCharAt(i, '?');
            }
        }
        return length < bytes.length ? text.append("…").toString() : text.toString();
    }

    /** What this is without a content, for messages. */
    @Override
    public String toString() {
        return type + " " + displayName();
    }
}
