package io.caisson.host.linux.ffm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.Charset;
import java.nio.file.Path;

/** Calls on descriptors of any kind, and opening by path. */
final class FileCalls {
    /** open(2) flags of include/uapi/asm-generic/fcntl.h; where arm64 differs, of its own fcntl.h. */
    static final int O_RDONLY = 0;

    static final int O_WRONLY = 1;
    static final int O_RDWR = 2;
    static final int O_CREAT = 0x40;
    static final int O_NOCTTY = 0x100;
    static final int O_APPEND = 0x400;
    static final int O_NONBLOCK = 0x800;
    static final int O_CLOEXEC = 0x80000;
    static final int O_PATH = 0x200000;
    static final int O_DIRECTORY = Architecture.HOST == Architecture.X86_64 ? 0x10000 : 0x4000;

    /** fcntl(2) commands of include/uapi/linux/fcntl.h and asm-generic/fcntl.h. */
    static final int F_GETFL = 3;

    static final int F_SETFL = 4;
    static final int F_DUPFD_CLOEXEC = 1030;
    static final int F_ADD_SEALS = 1033;
    static final int F_GET_SEALS = 1034;

    /** lseek(2), linux/fs.h. */
    static final int SEEK_DATA = 3;

    static final int SEEK_HOLE = 4;

    static final int AT_FDCWD = -100;
    static final int AT_EMPTY_PATH = 0x1000;
    static final int STATX_SIZE = 0x200;

    private record Functions(
            NativeFunction close,
            NativeFunction fcntl,
            NativeFunction fchmod,
            NativeFunction ftruncate,
            NativeFunction lseek,
            NativeFunction openat,
            NativeFunction pwrite,
            NativeFunction read,
            NativeFunction statx,
            NativeFunction write) {}

    private static final Functions C = new Functions(
            NativeFunction.of("close"),
            NativeFunction.of("fcntl"),
            NativeFunction.of("fchmod"),
            NativeFunction.of("ftruncate"),
            NativeFunction.of("lseek"),
            NativeFunction.of("openat"),
            NativeFunction.of("pwrite"),
            NativeFunction.of("read"),
            NativeFunction.of("statx"),
            NativeFunction.of("write"));

    private FileCalls() {}

    /** close(2). The descriptor is gone whatever it returns, so errors are not reported and it is never retried. */
    static void close(int fd) {
        C.close.callOnce(fd, 0, 0, 0, 0, 0);
    }

    /** fcntl(2) with an integer argument: the command's result. */
    static int fcntl(int fd, int command, int argument) throws SystemCallException {
        int result = C.fcntl.callInt(fd, command, argument, 0, 0, 0);
        if (result < 0) {
            throw new SystemCallException("fcntl", fd + ", " + command + ", " + argument, -result);
        }
        return result;
    }

    /** fcntl(2) with {@code F_GET_SEALS}: the seals; none on a file that cannot have any ({@code EINVAL}). */
    static int seals(int fd) throws SystemCallException {
        int result = C.fcntl.callInt(fd, F_GET_SEALS, 0, 0, 0, 0);
        if (result == -Errno.EINVAL) {
            return 0;
        }
        if (result < 0) {
            throw new SystemCallException("fcntl", fd + ", F_GET_SEALS", -result);
        }
        return result;
    }

    /** Sets or clears {@code O_NONBLOCK} on the open file, which every duplicate of the descriptor shares. */
    static void setNonBlocking(int fd, boolean nonBlocking) throws SystemCallException {
        int flags = fcntl(fd, F_GETFL, 0);
        int wanted = nonBlocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
        if (wanted != flags) {
            fcntl(fd, F_SETFL, wanted);
        }
    }

    /** fchmod(2): 0. On a socket that is not bound yet it sets the mode that bind(2) gives the file. */
    static void fchmod(int fd, int mode) throws SystemCallException {
        int result = C.fchmod.callInt(fd, mode, 0, 0, 0, 0);
        if (result < 0) {
            throw new SystemCallException("fchmod", fd + ", 0" + Integer.toOctalString(mode), -result);
        }
    }

    /** ftruncate(2): 0. */
    static void ftruncate(int fd, long size) throws SystemCallException {
        int result = C.ftruncate.callInt(fd, size, 0, 0, 0, 0);
        if (result < 0) {
            throw new SystemCallException("ftruncate", fd + ", " + size, -result);
        }
    }

    /** openat(2) relative to the working directory: a descriptor, always close-on-exec; the mode is for one that is made. */
    static int open(Path path, int flags, int mode) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            int result = C.openat.callInt(
                    AT_FDCWD, cString(arena, path.toString()).address(), flags | O_CLOEXEC, mode, 0, 0);
            if (result < 0) {
                throw new SystemCallException("open", path.toString(), -result);
            }
            return result;
        }
    }

    /** read(2): bytes read, 0 at the end, or a negated errno. The memory is at {@code address}, alive. */
    static long read(int fd, long address, long count) {
        return C.read.call(fd, address, count, 0, 0, 0);
    }

    /** write(2): bytes written or a negated errno. */
    static long write(int fd, long address, long count) {
        return C.write.call(fd, address, count, 0, 0, 0);
    }

    /**
     * lseek(2) with {@link #SEEK_DATA} or {@link #SEEK_HOLE}: the offset, or -1 when there is no data from there on
     * ({@code ENXIO}). Moves the file's offset.
     */
    static long seek(int fd, long offset, int whence) throws SystemCallException {
        long result = C.lseek.call(fd, offset, whence, 0, 0, 0);
        if (result == -Errno.ENXIO) {
            return -1;
        }
        if (result < 0) {
            throw new SystemCallException("lseek", fd + ", " + offset + ", " + whence, (int) -result);
        }
        return result;
    }

    /** pwrite(2): bytes written. The memory is at {@code address}, alive. */
    static long writeAt(int fd, long address, long count, long position) throws SystemCallException {
        long result = C.pwrite.call(fd, address, count, position, 0, 0);
        if (result < 0) {
            throw new SystemCallException("pwrite", fd + ", " + count + " bytes at " + position, (int) -result);
        }
        return result;
    }

    /** read(2) where the caller does not care what happened; allocates nothing. */
    static long readOnce(int fd, long address, long count) {
        return C.read.callOnce(fd, address, count, 0, 0, 0);
    }

    /** write(2) where the caller does not care what happened; allocates nothing. */
    static void writeOnce(int fd, long address, long count) {
        C.write.callOnce(fd, address, count, 0, 0, 0);
    }

    /** The size of an open file, by statx(2), whose structure is the same on every architecture. */
    static long size(int fd) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment statx = arena.allocate(Structs.Statx.SIZE, 8);
            MemorySegment empty = arena.allocate(1);
            int result = C.statx.callInt(fd, empty.address(), AT_EMPTY_PATH, STATX_SIZE, statx.address(), 0);
            if (result < 0) {
                throw new SystemCallException("statx", fd + "", -result);
            }
            return statx.get(ValueLayout.JAVA_LONG, Structs.Statx.STX_SIZE);
        }
    }

    /** A string for C, in the encoding the JDK uses for file names. */
    static MemorySegment cString(Arena arena, String text) {
        byte[] bytes = nativeBytes(text);
        MemorySegment segment = arena.allocate(bytes.length + 1L);
        MemorySegment.copy(bytes, 0, segment, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return segment;
    }

    /** A string's bytes in the encoding the JDK uses for file names. */
    static byte[] nativeBytes(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a string for the C library holds a NUL character: " + text);
        }
        return text.getBytes(FileNames.ENCODING);
    }

    /** Apart, because looking a charset up by name is not free and few callers need it. */
    private static final class FileNames {
        static final Charset ENCODING = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
    }
}
