package io.caisson.vm.qemu.provider;

import io.caisson.host.linux.ffm.Memfd;
import io.caisson.host.linux.ffm.MemoryMapping;
import io.caisson.host.linux.ffm.Seal;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/** Files in memory for a guest to start from: they may hold a secret, and nobody can change them afterwards. */
final class GuestMemoryFile {
    private GuestMemoryFile() {}

    /** Writes a file's contents. */
    @FunctionalInterface
    interface Contents {
        /** Writes them. */
        void writeTo(OutputStream target) throws IOException;
    }

    /**
     * Makes one; the caller closes it.
     *
     * @param name shown in {@code /proc}
     * @param size exactly how many bytes there will be, at least 1
     * @throws IOException there were more or fewer, or what writes them failed
     */
    static Memfd of(String name, long size, Contents contents) throws IOException {
        Memfd file = Memfd.create(name, size);
        try {
            try (MemoryMapping mapping =
                    MemoryMapping.map(file.descriptor(), 0, size, MemoryMapping.Access.READ_WRITE)) {
                var target = new Target(mapping.segment());
                contents.writeTo(target);
                if (target.at != size) {
                    throw new IOException("only " + target.at + " of " + size + " bytes were written");
                }
            }
            file.seal(Seal.SHRINK, Seal.GROW, Seal.WRITE, Seal.SEAL);
            return file;
        } catch (IOException | RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    /** Fills a segment. */
    private static final class Target extends OutputStream {
        private final MemorySegment segment;
        private long at;

        Target(MemorySegment segment) {
            this.segment = segment;
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, bytes.length);
            if (length > segment.byteSize() - at) {
                throw new IOException("more than the " + segment.byteSize() + " bytes announced were written");
            }
            MemorySegment.copy(bytes, offset, segment, ValueLayout.JAVA_BYTE, at, length);
            at += length;
        }
    }
}
