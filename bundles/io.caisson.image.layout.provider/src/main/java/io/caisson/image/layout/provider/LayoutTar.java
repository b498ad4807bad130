package io.caisson.image.layout.provider;

import io.caisson.archive.library.GzipInputStream;
import io.caisson.archive.library.TarEntry;
import io.caisson.archive.library.TarReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * A layout in a tar archive. Its files are found in one pass and then read in any order, for nothing says in which order
 * they come. An archive compressed with gzip is therefore decompressed into a nameless file first.
 */
final class LayoutTar implements LayoutFiles {
    private static final int MAX_ENTRIES = 1 << 18;
    private static final int BUFFER = 128 * 1024;

    /** Where POSIX.1-1988 and GNU archives say {@code ustar} (POSIX.1-2017, pax, "ustar Interchange Format"). */
    private static final int MAGIC_OFFSET = 257;

    private static final byte[] MAGIC = {'u', 's', 't', 'a', 'r'};

    private final Path source;
    private final FileChannel tar;
    private final Map<String, Part> parts = new HashMap<>();

    /** A part of the archive; one that is no regular file has no size. */
    private record Part(long offset, long size) {
        static final long NO_FILE = -1;
    }

    private LayoutTar(Path source, FileChannel tar) {
        this.source = source;
        this.tar = tar;
    }

    /** Whether a file begins like a tar archive or like a gzip-compressed one. */
    static boolean recognises(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] begin = in.readNBytes(MAGIC_OFFSET + MAGIC.length);
            if (!isGzip(begin)) {
                return isTar(begin);
            }
        } catch (IOException e) {
            return false;
        }
        try (InputStream in = new GzipInputStream(Files.newInputStream(file))) {
            return isTar(in.readNBytes(MAGIC_OFFSET + MAGIC.length));
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean isGzip(byte[] begin) {
        return begin.length > 1 && begin[0] == 0x1f && begin[1] == (byte) 0x8b;
    }

    private static boolean isTar(byte[] begin) {
        for (int i = 0; i < MAGIC.length; i++) {
            if (begin.length <= MAGIC_OFFSET + i || begin[MAGIC_OFFSET + i] != MAGIC[i]) {
                return false;
            }
        }
        return true;
    }

    /**
     * Opens an archive and finds its files.
     *
     * @param temporary a directory with room for the archive, should it be compressed
     */
    static LayoutTar open(Path source, Path temporary) throws IOException {
        FileChannel file = FileChannel.open(source, StandardOpenOption.READ);
        try {
            ByteBuffer begin = ByteBuffer.allocate(2);
            file.read(begin, 0);
            if (isGzip(begin.array())) {
                FileChannel compressed = file;
                file = decompressed(compressed, temporary);
                compressed.close();
            }
            var tar = new LayoutTar(source, file);
            tar.findParts();
            return tar;
        } catch (IOException | RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    private static FileChannel decompressed(FileChannel compressed, Path temporary) throws IOException {
        Files.createDirectories(temporary);
        // On Unix the file loses its name as soon as it is open, so that even a crash leaves nothing.
        FileChannel file = FileChannel.open(
                temporary.resolve("load-" + UUID.randomUUID() + ".tar"),
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.DELETE_ON_CLOSE);
        try {
            var in = new GzipInputStream(Channels.newInputStream(compressed));
            byte[] buffer = new byte[BUFFER];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, count);
                while (bytes.hasRemaining()) {
                    file.write(bytes);
                }
            }
            return file;
        } catch (IOException | RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    private void findParts() throws IOException {
        var reader = new TarReader(new Window(0, tar.size()));
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
            String path = normalise(entry);
            if (path.isEmpty()) {
                continue;
            }
            boolean file = entry.type() == TarEntry.Type.REGULAR;
            var part = new Part(reader.offset(), file ? entry.size() : Part.NO_FILE);
            if (parts.put(path, part) != null && file) {
                throw new LayoutException("the archive has '" + entry.displayName() + "' twice");
            }
            if (parts.size() > MAX_ENTRIES) {
                throw new LayoutException("the archive has more than " + MAX_ENTRIES + " entries");
            }
        }
    }

    /** An entry's path without {@code .} and empty components. */
    private static String normalise(TarEntry entry) throws LayoutException {
        String name = new String(entry.name(), StandardCharsets.UTF_8);
        if (name.startsWith("/")) {
            throw new LayoutException("the archive has the absolute path '" + entry.displayName() + "'");
        }
        var path = new StringBuilder();
        int start = 0;
        while (start <= name.length()) {
            int slash = name.indexOf('/', start);
            int end = slash < 0 ? name.length() : slash;
            String component = name.substring(start, end);
            if (component.equals("..")) {
                throw new LayoutException(
                        "the archive has the path '" + entry.displayName() + "', which leads out of it");
            }
            if (!component.isEmpty() && !component.equals(".")) {
                path.append(path.isEmpty() ? "" : "/").append(component);
            }
            start = end + 1;
        }
        return path.toString();
    }

    @Override
    public String name() {
        return source.toString();
    }

    @Override
    public OptionalLong size(String path) throws IOException {
        Part part = parts.get(path);
        if (part == null) {
            return OptionalLong.empty();
        }
        if (part.size == Part.NO_FILE) {
            throw new LayoutException(path + " is no regular file");
        }
        return OptionalLong.of(part.size);
    }

    @Override
    public InputStream open(String path) throws IOException {
        Part part = parts.get(path);
        if (part == null || part.size == Part.NO_FILE) {
            throw new LayoutException(path + (part == null ? " is missing" : " is no regular file"));
        }
        return new Window(part.offset, part.size);
    }

    @Override
    public void close() throws IOException {
        tar.close();
    }

    /** Reads a part of the archive. Several may be open at once; none closes the file. */
    private final class Window extends InputStream {
        private final byte[] single = new byte[1];
        private long position;
        private long left;

        Window(long position, long length) {
            this.position = position;
            left = length;
        }

        @Override
        public int read() throws IOException {
            return read(single, 0, 1) < 0 ? -1 : single[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int count = tar.read(ByteBuffer.wrap(buffer, offset, (int) Math.min(left, length)), position);
            if (count < 0) {
                throw new EOFException(source + " became shorter while it was read");
            }
            position += count;
            left -= count;
            return count;
        }
    }
}
