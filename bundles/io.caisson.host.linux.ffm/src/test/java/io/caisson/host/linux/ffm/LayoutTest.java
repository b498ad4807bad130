package io.caisson.host.linux.ffm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.InputStream;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares every size, offset and constant with what a C compiler makes of this host's headers. */
class LayoutTest {
    private final Path directory;

    LayoutTest(@TempDir Path directory) {
        this.directory = directory;
    }

    private static Map<String, Long> ours() {
        Map<String, Long> values = new LinkedHashMap<>();
        values.put("statx.stx_size", Structs.Statx.STX_SIZE);
        values.put("statx", Structs.Statx.SIZE);
        values.put("epoll_event.events", Structs.EpollEvent.EVENTS);
        values.put("epoll_event.data", Structs.EpollEvent.DATA);
        values.put("epoll_event", Structs.EpollEvent.SIZE);
        values.put("sockaddr_un.sun_family", Structs.SockaddrUn.SUN_FAMILY);
        values.put("sockaddr_un.sun_path", Structs.SockaddrUn.SUN_PATH);
        values.put("sockaddr_un", Structs.SockaddrUn.SIZE);
        values.put("iovec.iov_base", Structs.Iovec.IOV_BASE);
        values.put("iovec.iov_len", Structs.Iovec.IOV_LEN);
        values.put("iovec", Structs.Iovec.SIZE);
        values.put("msghdr.msg_iov", Structs.Msghdr.MSG_IOV);
        values.put("msghdr.msg_iovlen", Structs.Msghdr.MSG_IOVLEN);
        values.put("msghdr.msg_control", Structs.Msghdr.MSG_CONTROL);
        values.put("msghdr.msg_controllen", Structs.Msghdr.MSG_CONTROLLEN);
        values.put("msghdr.msg_flags", Structs.Msghdr.MSG_FLAGS);
        values.put("msghdr", Structs.Msghdr.SIZE);
        values.put("cmsghdr.cmsg_len", Structs.Cmsghdr.CMSG_LEN);
        values.put("cmsghdr.cmsg_level", Structs.Cmsghdr.CMSG_LEVEL);
        values.put("cmsghdr.cmsg_type", Structs.Cmsghdr.CMSG_TYPE);
        values.put("cmsghdr", Structs.Cmsghdr.SIZE);
        values.put("ucred.pid", Structs.Ucred.PID);
        values.put("ucred.uid", Structs.Ucred.UID);
        values.put("ucred.gid", Structs.Ucred.GID);
        values.put("ucred", Structs.Ucred.SIZE);
        values.put("siginfo_t.si_code", Structs.Siginfo.SI_CODE);
        values.put("siginfo_t.si_pid", Structs.Siginfo.SI_PID);
        values.put("siginfo_t.si_status", Structs.Siginfo.SI_STATUS);
        values.put("siginfo_t", Structs.Siginfo.SIZE);
        values.put("sigaction.sa_handler", Structs.Sigaction.SA_HANDLER);
        values.put("sigaction", Structs.Sigaction.SIZE);
        values.put("sigset_t", Structs.Sigset.SIZE);
        values.put("posix_spawnattr_t", Structs.Spawn.ATTRIBUTES_SIZE);
        values.put("posix_spawn_file_actions_t", Structs.Spawn.FILE_ACTIONS_SIZE);
        values.put("termios.c_iflag", Structs.Termios.C_IFLAG);
        values.put("termios.c_oflag", Structs.Termios.C_OFLAG);
        values.put("termios.c_cflag", Structs.Termios.C_CFLAG);
        values.put("termios.c_lflag", Structs.Termios.C_LFLAG);
        values.put("termios.c_cc", Structs.Termios.C_CC);
        values.put("NCCS", (long) Structs.Termios.NCCS);
        values.put("termios", Structs.Termios.SIZE);
        values.put("winsize.ws_row", Structs.Winsize.WS_ROW);
        values.put("winsize.ws_col", Structs.Winsize.WS_COL);
        values.put("winsize", Structs.Winsize.SIZE);
        values.put("O_NOCTTY", (long) FileCalls.O_NOCTTY);
        values.put("O_CREAT", (long) FileCalls.O_CREAT);
        values.put("O_APPEND", (long) FileCalls.O_APPEND);
        values.put("O_NONBLOCK", (long) FileCalls.O_NONBLOCK);
        values.put("O_CLOEXEC", (long) FileCalls.O_CLOEXEC);
        values.put("O_PATH", (long) FileCalls.O_PATH);
        values.put("O_DIRECTORY", (long) FileCalls.O_DIRECTORY);
        values.put("F_GETFL", (long) FileCalls.F_GETFL);
        values.put("F_SETFL", (long) FileCalls.F_SETFL);
        values.put("F_DUPFD_CLOEXEC", (long) FileCalls.F_DUPFD_CLOEXEC);
        values.put("F_ADD_SEALS", (long) FileCalls.F_ADD_SEALS);
        values.put("F_GET_SEALS", (long) FileCalls.F_GET_SEALS);
        for (Seal seal : Seal.values()) {
            values.put("F_SEAL_" + seal, (long) seal.bit());
        }
        values.put("EFD_CLOEXEC", (long) FileCalls.O_CLOEXEC);
        values.put("EFD_NONBLOCK", (long) FileCalls.O_NONBLOCK);
        values.put("SOCK_CLOEXEC", (long) FileCalls.O_CLOEXEC);
        values.put("SOCK_NONBLOCK", (long) FileCalls.O_NONBLOCK);
        values.put("EPOLL_CLOEXEC", (long) FileCalls.O_CLOEXEC);
        values.put("EPOLL_CTL_ADD", (long) EventCalls.EPOLL_CTL_ADD);
        values.put("EPOLL_CTL_DEL", (long) EventCalls.EPOLL_CTL_DEL);
        values.put("EPOLL_CTL_MOD", (long) EventCalls.EPOLL_CTL_MOD);
        values.put("EPOLLIN", (long) EventCalls.EPOLLIN);
        values.put("EPOLLOUT", (long) EventCalls.EPOLLOUT);
        values.put("EPOLLERR", (long) EventCalls.EPOLLERR);
        values.put("EPOLLHUP", (long) EventCalls.EPOLLHUP);
        values.put("EPOLLRDHUP", (long) EventCalls.EPOLLRDHUP);
        values.put("EPOLLONESHOT", (long) EventCalls.EPOLLONESHOT);
        values.put("EPOLLET", Integer.toUnsignedLong(EventCalls.EPOLLET));
        values.put("SOL_SOCKET", (long) SocketCalls.SOL_SOCKET);
        values.put("SCM_RIGHTS", (long) SocketCalls.SCM_RIGHTS);
        values.put("MSG_CTRUNC", (long) SocketCalls.MSG_CTRUNC);
        for (ProcessSignal signal : ProcessSignal.values()) {
            values.put("SIG" + signal, (long) signal.number());
        }
        values.put("TIOCGWINSZ", (long) TerminalCalls.TIOCGWINSZ);
        values.put("TIOCSWINSZ", (long) TerminalCalls.TIOCSWINSZ);
        values.put("TCSANOW", (long) TerminalCalls.TCSANOW);
        values.put("AF_UNIX", (long) SocketCalls.AF_UNIX);
        values.put("SOCK_STREAM", (long) SocketCalls.SOCK_STREAM);
        values.put("SHUT_WR", (long) SocketCalls.SHUT_WR);
        values.put("SHUT_RDWR", (long) SocketCalls.SHUT_RDWR);
        values.put("SO_PEERCRED", (long) SocketCalls.SO_PEERCRED);
        values.put("MSG_NOSIGNAL", (long) SocketCalls.MSG_NOSIGNAL);
        values.put("MSG_CMSG_CLOEXEC", (long) SocketCalls.MSG_CMSG_CLOEXEC);
        values.put("X_OK", (long) ProcessCalls.X_OK);
        values.put("P_PIDFD", (long) ProcessCalls.P_PIDFD);
        values.put("WNOHANG", (long) ProcessCalls.WNOHANG);
        values.put("WEXITED", (long) ProcessCalls.WEXITED);
        values.put("CLD_EXITED", (long) ProcessCalls.CLD_EXITED);
        values.put("POSIX_SPAWN_SETSIGDEF", (long) ProcessCalls.POSIX_SPAWN_SETSIGDEF);
        values.put("POSIX_SPAWN_SETSIGMASK", (long) ProcessCalls.POSIX_SPAWN_SETSIGMASK);
        values.put("POSIX_SPAWN_SETSID", (long) ProcessCalls.POSIX_SPAWN_SETSID);
        values.put("SYS_pidfd_send_signal", (long) ProcessCalls.SYS_PIDFD_SEND_SIGNAL);
        values.put("SYS_pidfd_open", (long) ProcessCalls.SYS_PIDFD_OPEN);
        values.put("SIGCHLD", (long) ProcessCalls.SIGCHLD);
        values.put("PROT_READ", (long) MemoryCalls.PROT_READ);
        values.put("PROT_WRITE", (long) MemoryCalls.PROT_WRITE);
        values.put("PROT_EXEC", (long) MemoryCalls.PROT_EXEC);
        values.put("MAP_SHARED", (long) MemoryCalls.MAP_SHARED);
        values.put("MAP_PRIVATE", (long) MemoryCalls.MAP_PRIVATE);
        values.put("MAP_ANONYMOUS", (long) MemoryCalls.MAP_ANONYMOUS);
        values.put("MFD_CLOEXEC", (long) MemoryCalls.MFD_CLOEXEC);
        values.put("MFD_ALLOW_SEALING", (long) MemoryCalls.MFD_ALLOW_SEALING);
        values.put("AT_FDCWD", (long) FileCalls.AT_FDCWD);
        values.put("AT_EMPTY_PATH", (long) FileCalls.AT_EMPTY_PATH);
        values.put("STATX_SIZE", (long) FileCalls.STATX_SIZE);
        values.put("O_RDONLY", (long) FileCalls.O_RDONLY);
        values.put("O_WRONLY", (long) FileCalls.O_WRONLY);
        values.put("O_RDWR", (long) FileCalls.O_RDWR);
        return values;
    }

    @Test
    void agreesWithTheCompiler() throws Exception {
        Path compiler = Path.of("/usr/bin/cc");
        assumeTrue(Files.isExecutable(compiler), "no /usr/bin/cc (package gcc): layouts not compared with the headers");
        Path source = directory.resolve("layout.c");
        try (InputStream probe = Objects.requireNonNull(LayoutTest.class.getResourceAsStream("layout.c"))) {
            Files.copy(probe, source);
        }
        Path program = directory.resolve("layout");
        assertEquals(
                0,
                new ProcessBuilder(compiler.toString(), "-o", program.toString(), source.toString())
                        .inheritIO()
                        .start()
                        .waitFor());
        Map<String, Long> theirs = new TreeMap<>();
        Process run = new ProcessBuilder(program.toString()).start();
        for (String line :
                new String(run.getInputStream().readAllBytes(), UTF_8).lines().toList()) {
            String[] words = line.split(" ", -1);
            theirs.put(words[0], Long.parseLong(words[1]));
        }
        assertEquals(0, run.waitFor());
        assertEquals(theirs, new TreeMap<>(ours()));
    }

    @Test
    void errorNumbersHaveTheLibrarysSymbols() throws Exception {
        Path errno = Path.of("/usr/include/asm-generic/errno.h");
        Path base = Path.of("/usr/include/asm-generic/errno-base.h");
        assumeTrue(Files.exists(errno) && Files.exists(base), "no kernel headers: error numbers not compared");
        int compared = 0;
        for (Path header : new Path[] {base, errno}) {
            for (String line : Files.readAllLines(header)) {
                String[] words = line.split("\\s+", -1);
                if (words.length > 2 && words[0].equals("#define") && words[2].matches("\\d+")) {
                    assertEquals(words[1], Errno.symbol(Integer.parseInt(words[2])));
                    compared++;
                }
            }
        }
        assertEquals(131, compared);
        assertEquals("errno 41", Errno.symbol(41));
        assertEquals("errno 134", Errno.symbol(134));
        assertEquals("errno 4095", Errno.symbol(4095));
        assertEquals("No such file or directory (ENOENT, errno 2)", Errno.describe(Errno.ENOENT));
    }

    @Test
    void capturesErrnoWhereItIsReadFrom() {
        assertEquals(0, Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno")));
    }
}
