package io.caisson.host.linux.ffm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/** Calls on terminals. */
final class TerminalCalls {
    /** ioctl_tty(2) requests of include/uapi/asm-generic/ioctls.h, the same on x86_64 and aarch64. */
    static final int TIOCGWINSZ = 0x5413;

    static final int TIOCSWINSZ = 0x5414;

    /** tcsetattr(3): at once. The other choices can wait for ever on a terminal whose output is stopped. */
    static final int TCSANOW = 0;

    private record Functions(
            NativeFunction cfmakeraw,
            NativeFunction grantpt,
            NativeFunction ioctl,
            NativeFunction posixOpenpt,
            NativeFunction ptsname,
            NativeFunction tcgetattr,
            NativeFunction tcsetattr,
            NativeFunction unlockpt) {}

    private static final Functions C = new Functions(
            NativeFunction.of("cfmakeraw"),
            NativeFunction.of("grantpt"),
            NativeFunction.of("ioctl"),
            NativeFunction.of("posix_openpt"),
            NativeFunction.of("ptsname_r"),
            NativeFunction.of("tcgetattr"),
            NativeFunction.of("tcsetattr"),
            NativeFunction.of("unlockpt"));

    private TerminalCalls() {}

    /** ioctl_tty(2) {@code TIOCGWINSZ}: the size; empty when the descriptor is not open on a terminal. */
    static Optional<Terminal.Size> size(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment winsize = arena.allocate(Structs.Winsize.SIZE, 2);
            if (C.ioctl.callInt(fd, TIOCGWINSZ, winsize.address(), 0, 0, 0) < 0) {
                return Optional.empty();
            }
            return Optional.of(new Terminal.Size(
                    Short.toUnsignedInt(winsize.get(ValueLayout.JAVA_SHORT, Structs.Winsize.WS_ROW)),
                    Short.toUnsignedInt(winsize.get(ValueLayout.JAVA_SHORT, Structs.Winsize.WS_COL))));
        }
    }

    /** ioctl_tty(2) {@code TIOCSWINSZ}: 0; the terminal's foreground processes get {@code SIGWINCH}. */
    static void setSize(int fd, Terminal.Size size) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment winsize = arena.allocate(Structs.Winsize.SIZE, 2);
            winsize.set(ValueLayout.JAVA_SHORT, Structs.Winsize.WS_ROW, (short) size.rows());
            winsize.set(ValueLayout.JAVA_SHORT, Structs.Winsize.WS_COL, (short) size.columns());
            require("ioctl", fd + ", TIOCSWINSZ", C.ioctl.callInt(fd, TIOCSWINSZ, winsize.address(), 0, 0, 0));
        }
    }

    /** tcgetattr(3), into a struct termios: 0. */
    static void tcgetattr(int fd, MemorySegment termios) throws SystemCallException {
        require("tcgetattr", Integer.toString(fd), C.tcgetattr.callInt(fd, termios.address(), 0, 0, 0, 0));
    }

    /** tcsetattr(3), from a struct termios: 0. */
    static void tcsetattr(int fd, MemorySegment termios) throws SystemCallException {
        require("tcsetattr", fd + ", TCSANOW", C.tcsetattr.callInt(fd, TCSANOW, termios.address(), 0, 0, 0));
    }

    /** cfmakeraw(3): changes a struct termios; returns nothing. */
    static void cfmakeraw(MemorySegment termios) {
        C.cfmakeraw.callOnce(termios.address(), 0, 0, 0, 0, 0);
    }

    /** posix_openpt(3), non-blocking, with grantpt(3) and unlockpt(3): the controlling side's descriptor. */
    static int openPseudoTerminal() throws SystemCallException {
        int fd = require(
                "posix_openpt",
                "O_RDWR|O_NOCTTY",
                C.posixOpenpt.callInt(
                        FileCalls.O_RDWR | FileCalls.O_NOCTTY | FileCalls.O_CLOEXEC | FileCalls.O_NONBLOCK,
                        0,
                        0,
                        0,
                        0,
                        0));
        try {
            require("grantpt", Integer.toString(fd), C.grantpt.callInt(fd, 0, 0, 0, 0, 0));
            require("unlockpt", Integer.toString(fd), C.unlockpt.callInt(fd, 0, 0, 0, 0, 0));
            return fd;
        } catch (SystemCallException e) {
            FileCalls.close(fd);
            throw e;
        }
    }

    /** ptsname_r(3), which returns an error number: the terminal side's path. */
    static Path ptsname(int fd) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(128);
            int errno = (int) C.ptsname.callOnce(fd, name.address(), name.byteSize(), 0, 0, 0);
            if (errno != 0) {
                throw new SystemCallException("ptsname_r", Integer.toString(fd), errno);
            }
            return Path.of(name.getString(0, StandardCharsets.US_ASCII));
        }
    }

    private static int require(String call, String arguments, int result) throws SystemCallException {
        if (result < 0) {
            throw new SystemCallException(call, arguments, -result);
        }
        return result;
    }
}
