/* Prints the size of each structure, the offset of each member and the value of each constant. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define SIZE(name, type) printf("%s %zu\n", name, sizeof(type))
#define OFFSET(name, type, member) printf("%s.%s %zu\n", name, #member, offsetof(type, member))
#define VALUE(name) printf("%s %lld\n", #name, (long long)(name))

int main(void) {
    OFFSET("statx", struct statx, stx_size);
    SIZE("statx", struct statx);
    OFFSET("epoll_event", struct epoll_event, events);
    OFFSET("epoll_event", struct epoll_event, data);
    SIZE("epoll_event", struct epoll_event);
    OFFSET("sockaddr_un", struct sockaddr_un, sun_family);
    OFFSET("sockaddr_un", struct sockaddr_un, sun_path);
    SIZE("sockaddr_un", struct sockaddr_un);
    OFFSET("iovec", struct iovec, iov_base);
    OFFSET("iovec", struct iovec, iov_len);
    SIZE("iovec", struct iovec);
    OFFSET("msghdr", struct msghdr, msg_iov);
    OFFSET("msghdr", struct msghdr, msg_iovlen);
    OFFSET("msghdr", struct msghdr, msg_control);
    OFFSET("msghdr", struct msghdr, msg_controllen);
    OFFSET("msghdr", struct msghdr, msg_flags);
    SIZE("msghdr", struct msghdr);
    OFFSET("cmsghdr", struct cmsghdr, cmsg_len);
    OFFSET("cmsghdr", struct cmsghdr, cmsg_level);
    OFFSET("cmsghdr", struct cmsghdr, cmsg_type);
    SIZE("cmsghdr", struct cmsghdr);
    OFFSET("ucred", struct ucred, pid);
    OFFSET("ucred", struct ucred, uid);
    OFFSET("ucred", struct ucred, gid);
    SIZE("ucred", struct ucred);
    OFFSET("siginfo_t", siginfo_t, si_code);
    OFFSET("siginfo_t", siginfo_t, si_pid);
    OFFSET("siginfo_t", siginfo_t, si_status);
    SIZE("siginfo_t", siginfo_t);
    OFFSET("sigaction", struct sigaction, sa_handler);
    SIZE("sigaction", struct sigaction);
    SIZE("sigset_t", sigset_t);
    SIZE("posix_spawnattr_t", posix_spawnattr_t);
    SIZE("posix_spawn_file_actions_t", posix_spawn_file_actions_t);
    OFFSET("termios", struct termios, c_iflag);
    OFFSET("termios", struct termios, c_oflag);
    OFFSET("termios", struct termios, c_cflag);
    OFFSET("termios", struct termios, c_lflag);
    OFFSET("termios", struct termios, c_cc);
    VALUE(NCCS);
    SIZE("termios", struct termios);
    OFFSET("winsize", struct winsize, ws_row);
    OFFSET("winsize", struct winsize, ws_col);
    SIZE("winsize", struct winsize);
    VALUE(O_NOCTTY);
    VALUE(O_CREAT);
    VALUE(O_APPEND);
    VALUE(O_NONBLOCK);
    VALUE(O_CLOEXEC);
    VALUE(O_PATH);
    VALUE(O_DIRECTORY);
    VALUE(F_GETFL);
    VALUE(F_SETFL);
    VALUE(F_DUPFD_CLOEXEC);
    VALUE(F_ADD_SEALS);
    VALUE(F_GET_SEALS);
    VALUE(EFD_CLOEXEC);
    VALUE(EFD_NONBLOCK);
    VALUE(SOCK_CLOEXEC);
    VALUE(SOCK_NONBLOCK);
    VALUE(EPOLL_CLOEXEC);
    VALUE(EPOLL_CTL_ADD);
    VALUE(EPOLL_CTL_DEL);
    VALUE(EPOLL_CTL_MOD);
    VALUE(EPOLLIN);
    VALUE(EPOLLOUT);
    VALUE(EPOLLERR);
    VALUE(EPOLLHUP);
    VALUE(EPOLLRDHUP);
    VALUE(EPOLLONESHOT);
    printf("EPOLLET %u\n", (unsigned)EPOLLET);
    VALUE(SOL_SOCKET);
    VALUE(SCM_RIGHTS);
    VALUE(MSG_CTRUNC);
    VALUE(F_SEAL_SEAL);
    VALUE(F_SEAL_SHRINK);
    VALUE(F_SEAL_GROW);
    VALUE(F_SEAL_WRITE);
    VALUE(F_SEAL_FUTURE_WRITE);
    VALUE(SIGHUP);
    VALUE(SIGINT);
    VALUE(SIGQUIT);
    VALUE(SIGKILL);
    VALUE(SIGUSR1);
    VALUE(SIGUSR2);
    VALUE(SIGTERM);
    VALUE(SIGCONT);
    VALUE(SIGSTOP);
    VALUE(TIOCGWINSZ);
    VALUE(TIOCSWINSZ);
    VALUE(TCSANOW);
    VALUE(AF_UNIX);
    VALUE(SOCK_STREAM);
    VALUE(SHUT_WR);
    VALUE(SHUT_RDWR);
    VALUE(SO_PEERCRED);
    VALUE(MSG_NOSIGNAL);
    VALUE(MSG_CMSG_CLOEXEC);
    VALUE(X_OK);
    VALUE(P_PIDFD);
    VALUE(WNOHANG);
    VALUE(WEXITED);
    VALUE(CLD_EXITED);
    VALUE(POSIX_SPAWN_SETSIGDEF);
    VALUE(POSIX_SPAWN_SETSIGMASK);
    VALUE(POSIX_SPAWN_SETSID);
    VALUE(SYS_pidfd_send_signal);
    VALUE(SYS_pidfd_open);
    VALUE(SIGCHLD);
    VALUE(PROT_READ);
    VALUE(PROT_WRITE);
    VALUE(PROT_EXEC);
    VALUE(MAP_SHARED);
    VALUE(MAP_PRIVATE);
    VALUE(MAP_ANONYMOUS);
    VALUE(MFD_CLOEXEC);
    VALUE(MFD_ALLOW_SEALING);
    VALUE(AT_FDCWD);
    VALUE(AT_EMPTY_PATH);
    VALUE(STATX_SIZE);
    VALUE(O_RDONLY);
    VALUE(O_WRONLY);
    VALUE(O_RDWR);
    return 0;
}
