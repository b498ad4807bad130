package io.caisson.host.linux.ffm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Error numbers, errno(3). The numbers are those of asm-generic/errno-base.h and asm-generic/errno.h, which x86_64 and
 * aarch64 share.
 */
final class Errno {
    static final int ENOENT = 2;
    static final int ESRCH = 3;
    static final int EINTR = 4;
    static final int EIO = 5;
    static final int ENXIO = 6;
    static final int EBADF = 9;
    static final int ECHILD = 10;
    static final int EAGAIN = 11;
    static final int EACCES = 13;
    static final int ENOTDIR = 20;
    static final int EINVAL = 22;
    static final int ENOTTY = 25;
    static final int ENAMETOOLONG = 36;
    static final int ENOSYS = 38;
    static final int EPROTO = 71;
    static final int EOVERFLOW = 75;

    /** Symbols by number; a gap is empty. */
    private static final String SYMBOLS = " EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM"
            + " EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY"
            + " EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP"
            + "  ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EBADE EBADR EXFULL ENOANO"
            + " EBADRQC EBADSLT  EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT ECOMM"
            + " EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX"
            + " ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT"
            + " EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN"
            + " ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT"
            + " ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO"
            + " EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD"
            + " ENOTRECOVERABLE ERFKILL EHWPOISON";

    private Errno() {}

    /** The symbol of an error number, or {@code errno N} for one without a symbol. */
    static String symbol(int errno) {
        int start = 0;
        for (int i = 0; i < errno && start >= 0; i++) {
            start = SYMBOLS.indexOf(' ', start) + 1;
            if (start == 0) {
                return "errno " + errno;
            }
        }
        int end = SYMBOLS.indexOf(' ', start);
        String symbol = SYMBOLS.substring(start, end < 0 ? SYMBOLS.length() : end);
        return symbol.isEmpty() ? "errno " + errno : symbol;
    }

    /** The C library's words for an error number, its symbol and the number. */
    static String describe(int errno) {
        return words(errno) + " (" + symbol(errno) + ", errno " + errno + ")";
    }

    private static String words(int errno) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(256);
            HostCalls.strerror(errno, buffer);
            return buffer.getString(0);
        }
    }
}
