//! Which system calls a container may make.
//!
//! The list is that of Docker's default profile for the default capabilities (moby, `profiles/seccomp`), with one
//! change: vsock is refused altogether, also to containers with every capability, because it leads to process 1.

use libc::{BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W, c_long, sock_filter};

/// Namespaces that clone(2) must not make: `CLONE_NEWNS`, `NEWCGROUP`, `NEWUTS`, `NEWIPC`, `NEWUSER`, `NEWPID`, `NEWNET`.
const NAMESPACE_FLAGS: u32 = 0x7e02_0000;
/// personality(2): `PER_LINUX`, `PER_LINUX32`, each with and without `UNAME26`, and the question for the current one.
const PERSONALITIES: [u32; 5] = [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];

/// Offsets in `struct seccomp_data`; both architectures are little-endian, so a word's low half comes first.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;

#[cfg(target_arch = "x86_64")]
const NATIVE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const NATIVE: u32 = 0xc000_00b7;

/// x86_64's second set of numbers (x32) has this bit; on other architectures nothing does.
const X32: u32 = 0x4000_0000;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const NOT_PERMITTED: u32 = refuse(libc::EPERM);
/// For what a program has another way to do when the kernel does not know the call.
const NOT_THERE: u32 = refuse(libc::ENOSYS);

const fn refuse(errno: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | errno as u32
}

/// Where a refused family of sockets should look like one the kernel does not have.
const NO_SUCH_FAMILY: u32 = refuse(libc::EAFNOSUPPORT);

/// The filter, for [`crate::sys::process::install_seccomp_filter`].
#[must_use]
pub fn program() -> Vec<sock_filter> {
    let mut program = Vec::with_capacity(256);
    program.extend([load(ARCHITECTURE), jump(BPF_JEQ, NATIVE, 1, 0), answer(NOT_THERE)]);
    program.extend([load(NUMBER), jump(BPF_JGE, X32, 0, 1), answer(NOT_THERE)]);
    for call in [libc::SYS_socket, libc::SYS_socketpair] {
        with_first_argument(
            &mut program,
            call,
            &[jump(BPF_JEQ, libc::AF_VSOCK as u32, 0, 1), answer(NO_SUCH_FAMILY), answer(ALLOW)],
        );
    }
    with_first_argument(
        &mut program,
        libc::SYS_clone,
        &[jump(BPF_JSET, NAMESPACE_FLAGS, 0, 1), answer(NOT_PERMITTED), answer(ALLOW)],
    );
    let mut personality: Vec<_> =
        PERSONALITIES.into_iter().flat_map(|value| [jump(BPF_JEQ, value, 0, 1), answer(ALLOW)]).collect();
    personality.push(answer(NOT_PERMITTED));
    with_first_argument(&mut program, libc::SYS_personality, &personality);
    // Its flags are in memory, where a filter cannot look: the C library falls back to clone.
    program.extend([jump(BPF_JEQ, number(libc::SYS_clone3), 0, 1), answer(NOT_THERE)]);

    // The kernel tries every call on the filter once when it is installed, to remember those that are always allowed:
    // skipping ranges by the dozen makes that several times as fast.
    for dozen in ranges(allowed()).chunks(12) {
        if let Some((_, last)) = dozen.last() {
            program.push(jump(BPF_JGT, *last, 4 * dozen.len() as u8, 0));
        }
        for &(first, last) in dozen {
            program.extend([
                jump(BPF_JGE, first, 1, 0),
                answer(NOT_PERMITTED),
                jump(BPF_JGT, last, 1, 0),
                answer(ALLOW),
            ]);
        }
    }
    // Later than everything known here: programs try those and expect to be told that the kernel is older.
    program.push(answer(NOT_THERE));
    program
}

/// Appends instructions for one system call, with its first argument's low half loaded; each path ends with an answer.
fn with_first_argument(program: &mut Vec<sock_filter>, call: c_long, instructions: &[sock_filter]) {
    let length = u8::try_from(instructions.len() + 1).expect("short enough for a jump");
    program.extend([jump(BPF_JEQ, number(call), 0, length), load(FIRST_ARGUMENT)]);
    program.extend(instructions);
}

fn load(offset: u32) -> sock_filter {
    sock_filter { code: (BPF_LD | BPF_W | BPF_ABS) as u16, jt: 0, jf: 0, k: offset }
}

fn jump(condition: u32, operand: u32, if_true: u8, if_false: u8) -> sock_filter {
    sock_filter { code: (BPF_JMP | condition | BPF_K) as u16, jt: if_true, jf: if_false, k: operand }
}

fn answer(action: u32) -> sock_filter {
    sock_filter { code: (BPF_RET | BPF_K) as u16, jt: 0, jf: 0, k: action }
}

fn number(call: c_long) -> u32 {
    u32::try_from(call).expect("system calls have small numbers")
}

/// Sorted numbers as first and last of each run.
fn ranges(mut numbers: Vec<u32>) -> Vec<(u32, u32)> {
    numbers.sort_unstable();
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if number <= *last + 1 => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    ranges
}

/// Everything that is allowed whatever its arguments are.
fn allowed() -> Vec<u32> {
    let mut calls = COMMON.to_vec();
    calls.extend_from_slice(ARCHITECTURE_ONLY);
    calls.into_iter().map(number).chain([IO_PGETEVENTS]).chain(NEW).collect()
}

/// `io_pgetevents`, which the `libc` crate names on some systems only.
#[cfg(target_arch = "x86_64")]
const IO_PGETEVENTS: u32 = 333;
#[cfg(target_arch = "aarch64")]
const IO_PGETEVENTS: u32 = 292;

/// Numbers that all architectures share and the C library does not name yet: `cachestat`, `fchmodat2`,
/// `map_shadow_stack`, `futex_wake`, `futex_wait`, `futex_requeue`, `mseal`.
const NEW: [u32; 7] = [451, 452, 453, 454, 455, 456, 462];

const COMMON: &[c_long] = &[
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_adjtimex,
    libc::SYS_bind,
    libc::SYS_brk,
    libc::SYS_capget,
    libc::SYS_capset,
    libc::SYS_chdir,
    libc::SYS_chroot,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_connect,
    libc::SYS_copy_file_range,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fadvise64,
    libc::SYS_fallocate,
    libc::SYS_fanotify_mark,
    libc::SYS_fchdir,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_fcntl,
    libc::SYS_fdatasync,
    libc::SYS_fgetxattr,
    libc::SYS_flistxattr,
    libc::SYS_flock,
    libc::SYS_fremovexattr,
    libc::SYS_fsetxattr,
    libc::SYS_fstat,
    libc::SYS_fstatfs,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_futex,
    libc::SYS_futex_waitv,
    libc::SYS_get_robust_list,
    libc::SYS_getcpu,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getgroups,
    libc::SYS_getitimer,
    libc::SYS_getpeername,
    libc::SYS_getpgid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getpriority,
    libc::SYS_getrandom,
    libc::SYS_getresgid,
    libc::SYS_getresuid,
    libc::SYS_getrlimit,
    libc::SYS_getrusage,
    libc::SYS_getsid,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_getuid,
    libc::SYS_getxattr,
    libc::SYS_inotify_add_watch,
    libc::SYS_inotify_init1,
    libc::SYS_inotify_rm_watch,
    libc::SYS_io_cancel,
    libc::SYS_io_destroy,
    libc::SYS_io_getevents,
    libc::SYS_io_setup,
    libc::SYS_io_submit,
    libc::SYS_ioctl,
    libc::SYS_ioprio_get,
    libc::SYS_ioprio_set,
    libc::SYS_kill,
    libc::SYS_landlock_add_rule,
    libc::SYS_landlock_create_ruleset,
    libc::SYS_landlock_restrict_self,
    libc::SYS_lgetxattr,
    libc::SYS_linkat,
    libc::SYS_listen,
    libc::SYS_listxattr,
    libc::SYS_llistxattr,
    libc::SYS_lremovexattr,
    libc::SYS_lseek,
    libc::SYS_lsetxattr,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_memfd_create,
    libc::SYS_memfd_secret,
    libc::SYS_mincore,
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
    libc::SYS_mlock,
    libc::SYS_mlock2,
    libc::SYS_mlockall,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mq_getsetattr,
    libc::SYS_mq_notify,
    libc::SYS_mq_open,
    libc::SYS_mq_timedreceive,
    libc::SYS_mq_timedsend,
    libc::SYS_mq_unlink,
    libc::SYS_mremap,
    libc::SYS_msgctl,
    libc::SYS_msgget,
    libc::SYS_msgrcv,
    libc::SYS_msgsnd,
    libc::SYS_msync,
    libc::SYS_munlock,
    libc::SYS_munlockall,
    libc::SYS_munmap,
    libc::SYS_name_to_handle_at,
    libc::SYS_nanosleep,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_send_signal,
    libc::SYS_pipe2,
    libc::SYS_pkey_alloc,
    libc::SYS_pkey_free,
    libc::SYS_pkey_mprotect,
    libc::SYS_ppoll,
    libc::SYS_prctl,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_preadv2,
    libc::SYS_prlimit64,
    libc::SYS_process_mrelease,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pselect6,
    libc::SYS_ptrace,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_pwritev2,
    libc::SYS_read,
    libc::SYS_readahead,
    libc::SYS_readlinkat,
    libc::SYS_readv,
    libc::SYS_recvfrom,
    libc::SYS_recvmmsg,
    libc::SYS_recvmsg,
    libc::SYS_remap_file_pages,
    libc::SYS_removexattr,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigpending,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigsuspend,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_sched_get_priority_max,
    libc::SYS_sched_get_priority_min,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getattr,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_sched_rr_get_interval,
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_setattr,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setscheduler,
    libc::SYS_sched_yield,
    libc::SYS_seccomp,
    libc::SYS_semctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_sendfile,
    libc::SYS_sendmmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_setfsgid,
    libc::SYS_setfsuid,
    libc::SYS_setgid,
    libc::SYS_setgroups,
    libc::SYS_setitimer,
    libc::SYS_setpgid,
    libc::SYS_setpriority,
    libc::SYS_setregid,
    libc::SYS_setresgid,
    libc::SYS_setresuid,
    libc::SYS_setreuid,
    libc::SYS_setrlimit,
    libc::SYS_setsid,
    libc::SYS_setsockopt,
    libc::SYS_setuid,
    libc::SYS_setxattr,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_shmdt,
    libc::SYS_shmget,
    libc::SYS_shutdown,
    libc::SYS_sigaltstack,
    libc::SYS_signalfd4,
    libc::SYS_splice,
    libc::SYS_statfs,
    libc::SYS_statx,
    libc::SYS_symlinkat,
    libc::SYS_sync,
    libc::SYS_sync_file_range,
    libc::SYS_syncfs,
    libc::SYS_sysinfo,
    libc::SYS_tee,
    libc::SYS_tgkill,
    libc::SYS_timer_create,
    libc::SYS_timer_delete,
    libc::SYS_timer_getoverrun,
    libc::SYS_timer_gettime,
    libc::SYS_timer_settime,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_gettime,
    libc::SYS_timerfd_settime,
    libc::SYS_times,
    libc::SYS_tkill,
    libc::SYS_truncate,
    libc::SYS_umask,
    libc::SYS_uname,
    libc::SYS_unlinkat,
    libc::SYS_utimensat,
    libc::SYS_vmsplice,
    libc::SYS_wait4,
    libc::SYS_waitid,
    libc::SYS_write,
    libc::SYS_writev,
];

/// Calls that only x86_64 has: those that others replaced, and the processor's own.
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE_ONLY: &[c_long] = &[
    libc::SYS_access,
    libc::SYS_alarm,
    libc::SYS_arch_prctl,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_creat,
    libc::SYS_dup2,
    libc::SYS_epoll_create,
    libc::SYS_epoll_ctl_old,
    libc::SYS_epoll_wait,
    libc::SYS_epoll_wait_old,
    libc::SYS_eventfd,
    libc::SYS_fork,
    libc::SYS_futimesat,
    libc::SYS_get_thread_area,
    libc::SYS_getdents,
    libc::SYS_getpgrp,
    libc::SYS_inotify_init,
    libc::SYS_lchown,
    libc::SYS_link,
    libc::SYS_lstat,
    libc::SYS_mkdir,
    libc::SYS_mknod,
    libc::SYS_modify_ldt,
    libc::SYS_open,
    libc::SYS_pause,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_readlink,
    libc::SYS_rename,
    libc::SYS_rmdir,
    libc::SYS_select,
    libc::SYS_set_thread_area,
    libc::SYS_signalfd,
    libc::SYS_stat,
    libc::SYS_symlink,
    libc::SYS_time,
    libc::SYS_unlink,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_vfork,
];

/// Nothing is left of older calls.
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE_ONLY: &[c_long] = &[];

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the filter as the kernel would, for the few instructions it is made of.
    fn run(architecture: u32, call: u32, first_argument: u64) -> u32 {
        let program = program();
        let (mut accumulator, mut next) = (0, 0_usize);
        loop {
            let instruction = program[next];
            next += 1;
            let condition = match u32::from(instruction.code) {
                code if code == BPF_LD | BPF_W | BPF_ABS => {
                    accumulator = match instruction.k {
                        NUMBER => call,
                        ARCHITECTURE => architecture,
                        FIRST_ARGUMENT => first_argument as u32,
                        offset => panic!("unexpected load at {offset}"),
                    };
                    continue;
                }
                code if code == BPF_RET | BPF_K => return instruction.k,
                code if code == BPF_JMP | BPF_JEQ | BPF_K => accumulator == instruction.k,
                code if code == BPF_JMP | BPF_JGE | BPF_K => accumulator >= instruction.k,
                code if code == BPF_JMP | BPF_JGT | BPF_K => accumulator > instruction.k,
                code if code == BPF_JMP | BPF_JSET | BPF_K => accumulator & instruction.k != 0,
                code => panic!("unknown instruction {code:#x}"),
            };
            next += usize::from(if condition { instruction.jt } else { instruction.jf });
        }
    }

    fn native(call: c_long, first_argument: u64) -> u32 {
        run(NATIVE, number(call), first_argument)
    }

    #[test]
    fn refuses_vsock_and_nothing_like_it() {
        for call in [libc::SYS_socket, libc::SYS_socketpair] {
            assert_eq!(native(call, 40), NO_SUCH_FAMILY);
            // The kernel looks at the low half only.
            assert_eq!(native(call, 0xdead_beef_0000_0028), NO_SUCH_FAMILY);
            for family in [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK, 39, 41] {
                assert_eq!(native(call, family as u64), ALLOW);
            }
        }
        // The other way to make a socket.
        assert_eq!(native(libc::SYS_io_uring_setup, 8), NOT_PERMITTED);
    }

    #[test]
    fn allows_exactly_the_list() {
        let allowed = allowed();
        let special = [libc::SYS_socket, libc::SYS_socketpair, libc::SYS_clone, libc::SYS_personality];
        for call in (0..700).filter(|call| !special.map(number).contains(call)) {
            assert_eq!(run(NATIVE, call, 0) == ALLOW, allowed.contains(&call), "call {call}");
        }
    }

    #[test]
    fn refuses_what_could_break_out() {
        for call in [
            libc::SYS_mount,
            libc::SYS_umount2,
            libc::SYS_pivot_root,
            libc::SYS_setns,
            libc::SYS_unshare,
            libc::SYS_bpf,
            libc::SYS_init_module,
            libc::SYS_kexec_load,
            libc::SYS_reboot,
            libc::SYS_open_by_handle_at,
            libc::SYS_keyctl,
            libc::SYS_add_key,
            libc::SYS_perf_event_open,
            libc::SYS_userfaultfd,
            libc::SYS_fsopen,
            libc::SYS_move_mount,
            libc::SYS_settimeofday,
            libc::SYS_swapon,
        ] {
            assert_eq!(native(call, 0), NOT_PERMITTED, "call {call}");
        }
    }

    #[test]
    fn lets_clone_make_processes_but_no_namespaces() {
        assert_eq!(native(libc::SYS_clone, libc::SIGCHLD as u64), ALLOW);
        assert_eq!(native(libc::SYS_clone, 0x003d_0f00), ALLOW);
        for flag in [libc::CLONE_NEWNS, libc::CLONE_NEWUSER, libc::CLONE_NEWPID, libc::CLONE_NEWNET] {
            assert_eq!(native(libc::SYS_clone, (flag | libc::SIGCHLD) as u64), NOT_PERMITTED);
        }
        assert_eq!(native(libc::SYS_clone3, 0), NOT_THERE);
    }

    #[test]
    fn knows_only_this_architecture() {
        assert_eq!(run(0x4000_0003, number(libc::SYS_read), 0), NOT_THERE);
        assert_eq!(run(NATIVE, X32 | number(libc::SYS_read), 0), NOT_THERE);
        assert_eq!(run(NATIVE, 463, 0), NOT_THERE);
    }

    #[test]
    fn permits_harmless_personalities() {
        for persona in PERSONALITIES {
            assert_eq!(native(libc::SYS_personality, persona.into()), ALLOW);
        }
        assert_eq!(native(libc::SYS_personality, 0x004_0000), NOT_PERMITTED);
    }
}
