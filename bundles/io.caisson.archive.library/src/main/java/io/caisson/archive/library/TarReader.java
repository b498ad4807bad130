package io.caisson.archive.library;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a tar archive from a stream: v7, ustar, pax and GNU with its long names. Sparse files and archives over several
 * volumes are refused. Like Go's {@code archive/tar}, which containerd reads layers with, it takes the end of the stream
 * between two entries for the end of the archive, and ignores global pax headers.
 *
 * <p>The reader buffers; it does not close the stream.
 */
public final class TarReader {
    /** How large a pax header or a GNU long name may be, in bytes; Go's limit. */
    private static final int MAX_SPECIAL = 1 << 20;

    private static final byte[] NONE = {};

    private final InputStream in;
    private final byte[] buffer = new byte[64 * 1024];
    private int position;
    private int limit;
    private long offset;
    private final TarHeader header = new TarHeader();
    private final Content content = new Content();
    private long remaining;
    private int padding;

    /** Reads from a stream, from where it is. */
    public TarReader(InputStream in) {
        this.in = in;
    }

    /**
     * The next entry, past what is left of the one before; null at the end of the archive.
     *
     * @throws ArchiveException the archive is malformed or cut off
     * @throws IOException the stream failed
     */
    public @Nullable TarEntry next() throws IOException {
        PaxRecords pax = null;
        byte[] longName = null;
        byte[] longLink = null;
        while (true) {
            skip(remaining + padding);
            remaining = 0;
            padding = 0;
            long start = offset;
            if (!readHeader(start)) {
                if (pax != null || longName != null || longLink != null) {
                    throw new ArchiveException("the archive ends after a header for an entry that is missing", start);
                }
                return null;
            }
            switch (header.type()) {
                case 'x', 'X' -> pax = new PaxRecords(special("pax header", start), start + TarHeader.SIZE);
                case 'g' -> begin(checkedSize(header.size(), start));
                case 'L' -> longName = terminated(special("long name", start));
                case 'K' -> longLink = terminated(special("long link name", start));
                default -> {
                    return entry(start, pax, longName, longLink);
                }
            }
        }
    }

    /**
     * The content of the entry {@link #next} returned last, good until its next call. It throws
     * {@link ArchiveException} when the archive ends within.
     */
    public InputStream content() {
        return content;
    }

    /** Bytes of the archive read so far. */
    public long offset() {
        return offset;
    }

    /** Reads on to the end of the stream, behind the archive's, so that a checksum there is verified. */
    public void drain() throws IOException {
        offset += limit - position;
        position = limit;
        while (fill()) {
            offset += limit;
            position = limit;
        }
    }

    /** Reads a header; false at the archive's end. */
    private boolean readHeader(long start) throws IOException {
        int got = readUpTo(header.bytes(), 0, TarHeader.SIZE);
        if (got == 0) {
            return false;
        }
        header.at(start);
        if (got == TarHeader.SIZE && header.isZero()) {
            got = readUpTo(header.bytes(), 0, TarHeader.SIZE);
            if (got == 0 || (got == TarHeader.SIZE && header.isZero())) {
                return false;
            }
            throw new ArchiveException("a block of zeros is followed by something else", start);
        }
        if (got < TarHeader.SIZE) {
            throw new ArchiveException("the archive ends within a header", start);
        }
        header.verify();
        return true;
    }

    private TarEntry entry(long start, @Nullable PaxRecords pax, byte @Nullable [] longName, byte @Nullable [] longLink)
            throws ArchiveException {
        byte[] name = header.name();
        byte[] linkName = header.linkName();
        long uid = header.uid();
        long gid = header.gid();
        long size = header.size();
        Instant modified = null;
        Instant accessed = null;
        Map<String, byte[]> extended = Map.of();
        if (pax != null) {
            name = pax.path("path", name);
            linkName = pax.path("linkpath", linkName);
            uid = pax.number("uid", uid);
            gid = pax.number("gid", gid);
            size = pax.number("size", size);
            modified = pax.time("mtime");
            accessed = pax.time("atime");
            extended = pax.extended();
        }
        name = longName == null ? name : longName;
        linkName = longLink == null ? linkName : longLink;
        if (modified == null) {
            modified = time(header.mtime(), start);
        }
        if (accessed == null || accessed.isBefore(modified)) {
            accessed = modified;
        }
        TarEntry.Type type = type(name, start);
        boolean device = type == TarEntry.Type.CHARACTER_DEVICE || type == TarEntry.Type.BLOCK_DEVICE;
        boolean link = type == TarEntry.Type.HARD_LINK || type == TarEntry.Type.SYMBOLIC_LINK;
        checkedSize(size, start);
        var metadata =
                new FileMetadata(header.permissions(), id(uid, start), id(gid, start), modified, accessed, extended);
        // As in Go, links, directories and devices have no content, whatever their header says.
        long length = type == TarEntry.Type.REGULAR ? size : 0;
        begin(length);
        return new TarEntry(
                start,
                type,
                name,
                link ? linkName : NONE,
                length,
                metadata,
                device ? header.devMajor() : 0,
                device ? header.devMinor() : 0);
    }

    private TarEntry.Type type(byte[] name, long start) throws ArchiveException {
        return switch (header.type()) {
            case 0 -> name.length > 0 && name[name.length - 1] == '/' ? TarEntry.Type.DIRECTORY : TarEntry.Type.REGULAR;
            case '0', '7' -> TarEntry.Type.REGULAR;
            case '1' -> TarEntry.Type.HARD_LINK;
            case '2' -> TarEntry.Type.SYMBOLIC_LINK;
            case '3' -> TarEntry.Type.CHARACTER_DEVICE;
            case '4' -> TarEntry.Type.BLOCK_DEVICE;
            case '5' -> TarEntry.Type.DIRECTORY;
            case '6' -> TarEntry.Type.FIFO;
            case 'S' -> throw new ArchiveException("sparse files in GNU form are not supported", start);
            default ->
                throw new ArchiveException(
                        "entry '" + TarEntry.display(name) + "' has the unknown type 0x"
                                + Integer.toHexString(header.type()),
                        start);
        };
    }

    private static long checkedSize(long size, long start) throws ArchiveException {
        if (size < 0 || size > Long.MAX_VALUE - TarHeader.SIZE) {
            throw new ArchiveException("an entry's size is out of range", start);
        }
        return size;
    }

    private static long id(long id, long start) throws ArchiveException {
        if (id < 0 || id > 0xFFFF_FFFFL) {
            throw new ArchiveException("owner or group " + id + " is out of range", start);
        }
        return id;
    }

    private static Instant time(long seconds, long start) throws ArchiveException {
        try {
            return Instant.ofEpochSecond(seconds);
        } catch (DateTimeException e) {
            var exception = new ArchiveException("modification time is out of range", start);
            exception.initCause(e);
            throw exception;
        }
    }

    private void begin(long size) {
        remaining = size;
        padding = (int) (-size & TarHeader.SIZE - 1);
    }

    private byte[] special(String what, long start) throws IOException {
        long size = checkedSize(header.size(), start);
        if (size > MAX_SPECIAL) {
            throw new ArchiveException(
                    "a " + what + " of " + size + " bytes: " + MAX_SPECIAL + " are the limit", start);
        }
        begin(size);
        byte[] bytes = new byte[(int) size];
        content.readExactly(bytes);
        return bytes;
    }

    private static byte[] terminated(byte[] bytes) {
        int end = 0;
        while (end < bytes.length && bytes[end] != 0) {
            end++;
        }
        return Arrays.copyOf(bytes, end);
    }

    private void skip(long count) throws IOException {
        long left = count;
        while (left > 0) {
            if (position == limit && !fill()) {
                throw new ArchiveException("the archive ends within an entry's content", offset);
            }
            int step = (int) Math.min(left, limit - position);
            position += step;
            offset += step;
            left -= step;
        }
    }

    private int readUpTo(byte[] into, int at, int count) throws IOException {
        int got = 0;
        while (got < count) {
            int step = read(into, at + got, count - got);
            if (step < 0) {
                break;
            }
            got += step;
        }
        return got;
    }

    /** Reads from the buffer, or past it when more is wanted than it holds. */
    private int read(byte[] into, int at, int count) throws IOException {
        int step;
        if (position == limit && count >= buffer.length) {
            step = readSource(into, at, count);
            if (step < 0) {
                return -1;
            }
        } else {
            if (position == limit && !fill()) {
                return -1;
            }
            step = Math.min(count, limit - position);
            System.arraycopy(buffer, position, into, at, step);
            position += step;
        }
        offset += step;
        return step;
    }

    private boolean fill() throws IOException {
        int got = readSource(buffer, 0, buffer.length);
        position = 0;
        limit = Math.max(got, 0);
        return got > 0;
    }

    private int readSource(byte[] into, int at, int count) throws IOException {
        try {
            return in.read(into, at, count);
        } catch (EOFException e) {
            var exception = new ArchiveException("the stream ends early", offset);
            exception.initCause(e);
            throw exception;
        }
    }

    /** The current entry's content. */
    private final class Content extends InputStream {
        private final byte[] single = new byte[1];

        @Override
        public int read() throws IOException {
            return read(single, 0, 1) < 0 ? -1 : single[0] & 0xFF;
        }

        @Override
        public int read(byte[] into, int at, int count) throws IOException {
            if (count == 0) {
                return 0;
            }
            if (remaining == 0) {
                return -1;
            }
            int step = TarReader.this.read(into, at, (int) Math.min(count, remaining));
            if (step < 0) {
                throw new ArchiveException("the archive ends within an entry's content", offset);
            }
            remaining -= step;
            return step;
        }

        void readExactly(byte[] into) throws IOException {
            int got = 0;
            while (got < into.length) {
                got += read(into, got, into.length - got);
            }
        }
    }
}
