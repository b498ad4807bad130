package io.caisson.rootfs.ext4.provider;

import io.caisson.archive.library.EntryRefusedException;
import io.caisson.archive.library.FileMetadata;
import io.caisson.archive.library.FileSystemTarget;
import io.caisson.archive.library.TarEntry;
import io.caisson.ext4.library.Ext4Attributes;
import io.caisson.ext4.library.Ext4Entry;
import io.caisson.ext4.library.Ext4Exception;
import io.caisson.ext4.library.Ext4Writer;
import io.caisson.ext4.library.FileKind;
import io.caisson.ext4.library.FileSystemFullException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An ext4 file system being written, as layers see it. */
final class Ext4Target implements FileSystemTarget<Ext4Entry> {
    private final Ext4Writer writer;

    Ext4Target(Ext4Writer writer) {
        this.writer = writer;
    }

    /** One call that makes something. */
    @FunctionalInterface
    private interface Making {
        Ext4Entry make() throws IOException;
    }

    /** Tells what ext4 cannot hold, which is the entry's fault, from an image that is full. */
    private static Ext4Entry making(Making making) throws IOException {
        try {
            return making.make();
        } catch (FileSystemFullException e) {
            throw e;
        } catch (Ext4Exception e) {
            var refused = new EntryRefusedException(String.valueOf(e.getMessage()));
            refused.initCause(e);
            throw refused;
        }
    }

    private static Ext4Attributes attributes(FileMetadata metadata) {
        Ext4Attributes attributes = Ext4Attributes.of(
                        metadata.permissions(), metadata.uid(), metadata.gid(), metadata.modified())
                .withAccessed(metadata.accessed());
        return metadata.extended().isEmpty() ? attributes : attributes.withExtended(metadata.extended());
    }

    @Override
    public Ext4Entry root() {
        return writer.root();
    }

    @Override
    public @Nullable Ext4Entry find(Ext4Entry directory, byte[] name) {
        return writer.find(directory, name);
    }

    @Override
    public List<Ext4Entry> list(Ext4Entry directory) {
        return writer.list(directory);
    }

    @Override
    public byte[] name(Ext4Entry node) {
        return node.name();
    }

    @Override
    public boolean isDirectory(Ext4Entry node) {
        return node.kind() == FileKind.DIRECTORY;
    }

    @Override
    public byte @Nullable [] symbolicLinkTarget(Ext4Entry node) {
        return node.kind() == FileKind.SYMBOLIC_LINK ? writer.symbolicLinkTarget(node) : null;
    }

    @Override
    public int mark(Ext4Entry node) {
        return node.mark();
    }

    @Override
    public void mark(Ext4Entry node, int number) {
        node.mark(number);
    }

    @Override
    public void setMetadata(Ext4Entry node, FileMetadata metadata) {
        writer.setAttributes(node, attributes(metadata));
    }

    @Override
    public Ext4Entry createDirectory(Ext4Entry parent, byte[] name, FileMetadata metadata) throws IOException {
        return making(() -> writer.createDirectory(parent, name, attributes(metadata)));
    }

    @Override
    public Ext4Entry createImplicitDirectory(Ext4Entry parent, byte[] name) throws IOException {
        return making(() -> writer.createDirectory(parent, name, Ext4Attributes.of(0755, 0, 0, Instant.EPOCH)));
    }

    @Override
    public Ext4Entry createFile(Ext4Entry parent, byte[] name, FileMetadata metadata, InputStream content, long size)
            throws IOException {
        return making(() -> writer.createFile(parent, name, attributes(metadata), content, size));
    }

    @Override
    public Ext4Entry createSymbolicLink(Ext4Entry parent, byte[] name, FileMetadata metadata, byte[] target)
            throws IOException {
        return making(() -> writer.createSymbolicLink(parent, name, attributes(metadata), target));
    }

    @Override
    public Ext4Entry createSpecial(Ext4Entry parent, byte[] name, TarEntry entry) throws IOException {
        Ext4Attributes attributes = attributes(entry.metadata());
        return switch (entry.type()) {
            case FIFO -> making(() -> writer.createSpecial(parent, name, attributes, FileKind.FIFO));
            case CHARACTER_DEVICE -> device(parent, name, attributes, FileKind.CHARACTER_DEVICE, entry);
            case BLOCK_DEVICE -> device(parent, name, attributes, FileKind.BLOCK_DEVICE, entry);
            case REGULAR, HARD_LINK, SYMBOLIC_LINK, DIRECTORY ->
                throw new IllegalArgumentException("not a special file: " + entry);
        };
    }

    private Ext4Entry device(Ext4Entry parent, byte[] name, Ext4Attributes attributes, FileKind kind, TarEntry entry)
            throws IOException {
        return making(() -> writer.createDevice(parent, name, attributes, kind, entry.major(), entry.minor()));
    }

    @Override
    public Ext4Entry link(Ext4Entry parent, byte[] name, Ext4Entry target) throws IOException {
        return making(() -> writer.link(parent, name, target));
    }

    @Override
    public void remove(Ext4Entry parent, byte[] name) {
        writer.remove(parent, name);
    }
}
