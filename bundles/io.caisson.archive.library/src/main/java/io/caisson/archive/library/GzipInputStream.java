package io.caisson.archive.library;

import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Decompresses gzip (RFC 1952): any number of members one after another, and zero bytes behind the last. The JDK's own
 * stream asks {@link InputStream#available} whether another member follows and so may stop too early on some streams.
 *
 * <p>Closing it closes the compressed stream.
 */
public final class GzipInputStream extends InputStream {
    private static final int FTEXT_TO_FCOMMENT = 0x1F;
    private static final int FHCRC = 0x02;
    private static final int FEXTRA = 0x04;
    private static final int FNAME = 0x08;
    private static final int FCOMMENT = 0x10;
    private static final int DEFLATE = 8;

    private final InputStream in;
    private final Inflater inflater = new Inflater(true);
    private final CRC32 crc = new CRC32();
    private final byte[] buffer = new byte[64 * 1024];
    private final byte[] single = new byte[1];
    private int position;
    private int limit;
    private long consumed;
    private long memberStart;
    private boolean inMember;
    private boolean ended;

    /** Decompresses a stream, from where it is. */
    public GzipInputStream(InputStream in) {
        this.in = in;
    }

    @Override
    public int read() throws IOException {
        return read(single, 0, 1) < 0 ? -1 : single[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int at, int count) throws IOException {
        if (count == 0) {
            return 0;
        }
        while (!ended) {
            if (!inMember && !beginMember()) {
                ended = true;
                break;
            }
            int got = inflate(into, at, count);
            if (got > 0) {
                crc.update(into, at, got);
                return got;
            }
            if (inflater.finished()) {
                endMember();
            } else if (inflater.needsDictionary()) {
                throw new ArchiveException("gzip data wants a dictionary", memberStart);
            } else {
                fillInflater();
            }
        }
        return -1;
    }

    private int inflate(byte[] into, int at, int count) throws ArchiveException {
        try {
            return inflater.inflate(into, at, count);
        } catch (DataFormatException e) {
            var exception = new ArchiveException("gzip data is corrupt: " + e.getMessage(), place());
            exception.initCause(e);
            throw exception;
        }
    }

    private long place() {
        return consumed + limit - inflater.getRemaining();
    }

    private void fillInflater() throws IOException {
        if (!fill()) {
            throw new ArchiveException("gzip data is cut off", consumed);
        }
        inflater.setInput(buffer, 0, limit);
        position = limit;
    }

    private void endMember() throws IOException {
        position = limit - inflater.getRemaining();
        long size = inflater.getBytesWritten() & 0xFFFF_FFFFL;
        long place = consumed + position;
        if (read32() != crc.getValue() || read32() != size) {
            throw new ArchiveException("gzip checksum or length is wrong", place);
        }
        inMember = false;
    }

    /** Reads a member's header; false when only zeros, or nothing, follow the members read. */
    private boolean beginMember() throws IOException {
        boolean first = consumed == 0 && position == 0;
        int b = next();
        if (!first) {
            while (b == 0) {
                b = next();
            }
            if (b < 0) {
                return false;
            }
        }
        memberStart = consumed + position - 1;
        if (b != 0x1F || next() != 0x8B || next() != DEFLATE) {
            throw new ArchiveException("not a gzip header", Math.max(memberStart, 0));
        }
        int flags = needed();
        if ((flags & ~FTEXT_TO_FCOMMENT) != 0) {
            throw new ArchiveException("gzip header has unknown flags", memberStart);
        }
        for (int i = 0; i < 6; i++) {
            needed();
        }
        if ((flags & FEXTRA) != 0) {
            int length = needed() | needed() << 8;
            for (int i = 0; i < length; i++) {
                needed();
            }
        }
        if ((flags & FNAME) != 0) {
            skipText();
        }
        if ((flags & FCOMMENT) != 0) {
            skipText();
        }
        if ((flags & FHCRC) != 0) {
            needed();
            needed();
        }
        inflater.reset();
        crc.reset();
        inflater.setInput(buffer, position, limit - position);
        position = limit;
        inMember = true;
        return true;
    }

    private void skipText() throws IOException {
        while (needed() != 0) {
            // up to the NUL
        }
    }

    private long read32() throws IOException {
        return needed() | needed() << 8 | needed() << 16 | (long) needed() << 24;
    }

    private int needed() throws IOException {
        int b = next();
        if (b < 0) {
            throw new ArchiveException("gzip data is cut off", consumed);
        }
        return b;
    }

    private int next() throws IOException {
        if (position == limit && !fill()) {
            return -1;
        }
        return buffer[position++] & 0xFF;
    }

    private boolean fill() throws IOException {
        consumed += limit;
        position = 0;
        limit = 0;
        limit = Math.max(in.read(buffer, 0, buffer.length), 0);
        return limit > 0;
    }

    @Override
    public void close() throws IOException {
        ended = true;
        inflater.end();
        in.close();
    }
}
