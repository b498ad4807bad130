package io.caisson.host.linux.ffm;

/**
 * Sizes and offsets, in bytes, of the structures passed to the kernel and the C library, in each structure's own
 * order. A test compares all of them with what a C compiler says.
 */
final class Structs {
    private Structs() {}

    /** struct statx, include/uapi/linux/stat.h; the same on every architecture. */
    static final class Statx {
        static final long STX_SIZE = 40;
        static final long SIZE = 256;

        private Statx() {}
    }

    /** struct epoll_event, include/uapi/linux/eventpoll.h: packed on x86-64, and only there. */
    static final class EpollEvent {
        static final long EVENTS = 0;
        static final long DATA = Architecture.HOST == Architecture.X86_64 ? 4 : 8;
        static final long SIZE = DATA + 8;

        private EpollEvent() {}
    }

    /** struct sockaddr_un, unix(7). */
    static final class SockaddrUn {
        static final long SUN_FAMILY = 0;
        static final long SUN_PATH = 2;
        static final long SIZE = 110;

        private SockaddrUn() {}
    }

    /** struct iovec, readv(2). */
    static final class Iovec {
        static final long IOV_BASE = 0;
        static final long IOV_LEN = 8;
        static final long SIZE = 16;

        private Iovec() {}
    }

    /** struct msghdr, recvmsg(2). */
    static final class Msghdr {
        static final long MSG_IOV = 16;
        static final long MSG_IOVLEN = 24;
        static final long MSG_CONTROL = 32;
        static final long MSG_CONTROLLEN = 40;
        static final long MSG_FLAGS = 48;
        static final long SIZE = 56;

        private Msghdr() {}
    }

    /** struct cmsghdr, cmsg(3): header, then data; the next header is aligned to 8. */
    static final class Cmsghdr {
        static final long CMSG_LEN = 0;
        static final long CMSG_LEVEL = 8;
        static final long CMSG_TYPE = 12;
        static final long SIZE = 16;

        private Cmsghdr() {}
    }

    /** struct ucred, unix(7). */
    static final class Ucred {
        static final long PID = 0;
        static final long UID = 4;
        static final long GID = 8;
        static final long SIZE = 12;

        private Ucred() {}
    }

    /** siginfo_t as waitid(2) fills it in. */
    static final class Siginfo {
        static final long SI_CODE = 8;
        static final long SI_PID = 16;
        static final long SI_STATUS = 24;
        static final long SIZE = 128;

        private Siginfo() {}
    }

    /** struct sigaction of the C library, sigaction(2): the handler comes first. */
    static final class Sigaction {
        static final long SA_HANDLER = 0;
        static final long SIZE = 152;

        private Sigaction() {}
    }

    /** sigset_t of the C library, sigsetops(3). */
    static final class Sigset {
        static final long SIZE = 128;

        private Sigset() {}
    }

    /** posix_spawnattr_t and posix_spawn_file_actions_t of the C library, opaque. */
    static final class Spawn {
        static final long ATTRIBUTES_SIZE = 336;
        static final long FILE_ACTIONS_SIZE = 80;

        private Spawn() {}
    }

    /** struct termios of the C library, termios(3). */
    static final class Termios {
        static final long C_IFLAG = 0;
        static final long C_OFLAG = 4;
        static final long C_CFLAG = 8;
        static final long C_LFLAG = 12;
        static final long C_CC = 17;
        static final int NCCS = 32;
        static final long SIZE = 60;

        private Termios() {}
    }

    /** struct winsize, ioctl_tty(2). */
    static final class Winsize {
        static final long WS_ROW = 0;
        static final long WS_COL = 2;
        static final long SIZE = 8;

        private Winsize() {}
    }
}
