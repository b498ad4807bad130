package io.caisson.host.linux.ffm;

import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Calls that start, signal and reap processes. */
final class ProcessCalls {
    static final int X_OK = 1;

    /** waitid(2) constants of include/uapi/linux/wait.h and asm-generic/siginfo.h. */
    static final int P_PIDFD = 3;

    static final int WNOHANG = 1;
    static final int WEXITED = 4;
    static final int CLD_EXITED = 1;

    /** posix_spawnattr_setflags(3) flags of the C library's spawn.h. */
    static final int POSIX_SPAWN_SETSIGDEF = 0x04;

    static final int POSIX_SPAWN_SETSIGMASK = 0x08;
    static final int POSIX_SPAWN_SETSID = 0x80;

    /** System call numbers without a wrapper in every supported C library; the same on every architecture. */
    static final int SYS_PIDFD_SEND_SIGNAL = 424;

    static final int SYS_PIDFD_OPEN = 434;

    static final int SIGCHLD = 17;
    private static final long SIG_IGN = 1;

    private record Functions(
            NativeFunction access,
            NativeFunction kill,
            NativeFunction sigaction,
            NativeFunction syscall,
            NativeFunction waitid,
            NativeFunction posixSpawn,
            NativeFunction attributesInit,
            NativeFunction attributesDestroy,
            NativeFunction attributesSetFlags,
            NativeFunction attributesSetSigdefault,
            NativeFunction attributesSetSigmask,
            NativeFunction actionsInit,
            NativeFunction actionsDestroy,
            NativeFunction actionsAddDup2,
            NativeFunction actionsAddClose,
            NativeFunction actionsAddChdir,
            @Nullable NativeFunction actionsAddClosefrom) {}

    private static final Functions C = new Functions(
            NativeFunction.of("access"),
            NativeFunction.of("kill"),
            NativeFunction.of("sigaction"),
            NativeFunction.of("syscall"),
            NativeFunction.of("waitid"),
            NativeFunction.of("posix_spawn"),
            NativeFunction.of("posix_spawnattr_init"),
            NativeFunction.of("posix_spawnattr_destroy"),
            NativeFunction.of("posix_spawnattr_setflags"),
            NativeFunction.of("posix_spawnattr_setsigdefault"),
            NativeFunction.of("posix_spawnattr_setsigmask"),
            NativeFunction.of("posix_spawn_file_actions_init"),
            NativeFunction.of("posix_spawn_file_actions_destroy"),
            NativeFunction.of("posix_spawn_file_actions_adddup2"),
            NativeFunction.of("posix_spawn_file_actions_addclose"),
            NativeFunction.of("posix_spawn_file_actions_addchdir_np"),
            NativeFunction.find("posix_spawn_file_actions_addclosefrom_np"));

    private ProcessCalls() {}

    /**
     * What posix_spawn(3) is told.
     *
     * @param executable absolute
     * @param arguments from argv[0]
     * @param environment the child's, all of it
     * @param descriptors source number by number in the child; sources are above all numbers in the child
     * @param directory the child's working directory; null leaves this process's
     * @param newSession whether the child leads a new session
     */
    record Plan(
            Path executable,
            List<String> arguments,
            Map<String, String> environment,
            Map<Integer, Integer> descriptors,
            @Nullable Path directory,
            boolean newSession) {}

    /**
     * posix_spawn(3): a process id. The child has the descriptors of the plan and no others, every signal at its
     * default and none blocked. Errors of the child up to and including its exec are reported here.
     *
     * @param closefrom whether to use the C library's closefrom when it has one
     */
    static int spawn(Plan plan, boolean closefrom) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment actions = arena.allocate(Structs.Spawn.FILE_ACTIONS_SIZE, 8);
            MemorySegment attributes = arena.allocate(Structs.Spawn.ATTRIBUTES_SIZE, 8);
            require("posix_spawn_file_actions_init", C.actionsInit.callOnce(actions.address(), 0, 0, 0, 0, 0));
            require("posix_spawnattr_init", C.attributesInit.callOnce(attributes.address(), 0, 0, 0, 0, 0));
            try {
                fillActions(arena, actions.address(), plan, closefrom);
                fillAttributes(arena, attributes.address(), plan.newSession);
                MemorySegment pid = arena.allocate(4, 4);
                int errno = (int) C.posixSpawn.callOnce(
                        pid.address(),
                        FileCalls.cString(arena, plan.executable.toString()).address(),
                        actions.address(),
                        attributes.address(),
                        strings(arena, plan.arguments).address(),
                        environment(arena, plan.environment).address());
                if (errno != 0) {
                    throw new SystemCallException("posix_spawn", plan.executable.toString(), errno);
                }
                return pid.get(ValueLayout.JAVA_INT, 0);
            } finally {
                C.attributesDestroy.callOnce(attributes.address(), 0, 0, 0, 0, 0);
                C.actionsDestroy.callOnce(actions.address(), 0, 0, 0, 0, 0);
            }
        }
    }

    private static void fillActions(Arena arena, long actions, Plan plan, boolean closefrom)
            throws SystemCallException {
        int highest = 2;
        for (Map.Entry<Integer, Integer> descriptor : plan.descriptors.entrySet()) {
            require(
                    "posix_spawn_file_actions_adddup2",
                    C.actionsAddDup2.callOnce(actions, descriptor.getValue(), descriptor.getKey(), 0, 0, 0));
            highest = Math.max(highest, descriptor.getKey());
        }
        for (int gap = 3; gap < highest; gap++) {
            if (!plan.descriptors.containsKey(gap)) {
                addClose(actions, gap);
            }
        }
        if (closefrom && C.actionsAddClosefrom != null) {
            require(
                    "posix_spawn_file_actions_addclosefrom_np",
                    C.actionsAddClosefrom.callOnce(actions, highest + 1L, 0, 0, 0, 0));
        } else {
            closeThoseOpenNow(actions, highest);
        }
        if (plan.directory != null) {
            require(
                    "posix_spawn_file_actions_addchdir_np",
                    C.actionsAddChdir.callOnce(
                            actions,
                            FileCalls.cString(arena, plan.directory.toString()).address(),
                            0,
                            0,
                            0,
                            0));
        }
    }

    /** For a C library without closefrom: what another thread opens right now without close-on-exec is inherited. */
    private static void closeThoseOpenNow(long actions, int highest) throws SystemCallException {
        String[] open = new File("/proc/self/fd").list();
        if (open == null) {
            throw new UnsupportedOperationException("/proc is not mounted: cannot tell which descriptors are open");
        }
        for (String name : open) {
            int fd = Integer.parseInt(name);
            if (fd > highest) {
                // closing one that is not open any more is not an error to posix_spawn(3)
                addClose(actions, fd);
            }
        }
    }

    private static void addClose(long actions, int fd) throws SystemCallException {
        require("posix_spawn_file_actions_addclose", C.actionsAddClose.callOnce(actions, fd, 0, 0, 0, 0));
    }

    private static void fillAttributes(Arena arena, long attributes, boolean newSession) throws SystemCallException {
        MemorySegment none = arena.allocate(Structs.Sigset.SIZE, 8);
        MemorySegment all = arena.allocate(Structs.Sigset.SIZE, 8).fill((byte) 0xff);
        require("posix_spawnattr_setsigmask", C.attributesSetSigmask.callOnce(attributes, none.address(), 0, 0, 0, 0));
        require(
                "posix_spawnattr_setsigdefault",
                C.attributesSetSigdefault.callOnce(attributes, all.address(), 0, 0, 0, 0));
        int flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (newSession ? POSIX_SPAWN_SETSID : 0);
        require("posix_spawnattr_setflags", C.attributesSetFlags.callOnce(attributes, flags, 0, 0, 0, 0));
    }

    /** The posix_spawn family returns an error number, 0 for success. */
    private static void require(String call, long result) throws SystemCallException {
        if ((int) result != 0) {
            throw new SystemCallException(call, "", (int) result);
        }
    }

    private static MemorySegment environment(Arena arena, Map<String, String> environment) {
        List<String> variables = new ArrayList<>(environment.size());
        for (Map.Entry<String, String> variable : environment.entrySet()) {
            variables.add(variable.getKey() + "=" + variable.getValue());
        }
        return strings(arena, variables);
    }

    private static MemorySegment strings(Arena arena, List<String> strings) {
        MemorySegment pointers = arena.allocate(8L * (strings.size() + 1), 8);
        for (int i = 0; i < strings.size(); i++) {
            pointers.setAtIndex(
                    ValueLayout.JAVA_LONG,
                    i,
                    FileCalls.cString(arena, strings.get(i)).address());
        }
        return pointers;
    }

    /** access(2) with {@code X_OK}: 0, as this process's real user. */
    static void requireExecutable(Path path) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            int result =
                    C.access.callInt(FileCalls.cString(arena, path.toString()).address(), X_OK, 0, 0, 0, 0);
            if (result < 0) {
                throw new SystemCallException("access", path + ", X_OK", -result);
            }
        }
    }

    /** pidfd_open(2): a descriptor, always close-on-exec. */
    static int pidfdOpen(int pid) throws SystemCallException {
        int result = C.syscall.callInt(SYS_PIDFD_OPEN, pid, 0, 0, 0, 0);
        if (result < 0) {
            throw new SystemCallException("pidfd_open", "process " + pid, -result);
        }
        return result;
    }

    /** pidfd_send_signal(2): whether the process was still there. */
    static boolean pidfdSendSignal(int pidfd, int signal) throws SystemCallException {
        int result = C.syscall.callInt(SYS_PIDFD_SEND_SIGNAL, pidfd, signal, 0, 0, 0);
        if (result < 0 && result != -Errno.ESRCH) {
            throw new SystemCallException("pidfd_send_signal", pidfd + ", " + signal, -result);
        }
        return result == 0;
    }

    /** waitid(2) without waiting, of a child of this process: how it ended, and it is reaped; empty while it runs. */
    static Optional<ProcessExit> waitid(int pidfd) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment siginfo = arena.allocate(Structs.Siginfo.SIZE, 8);
            int result = C.waitid.callInt(P_PIDFD, pidfd, siginfo.address(), WEXITED | WNOHANG, 0, 0);
            if (result < 0) {
                throw new SystemCallException("waitid", "P_PIDFD, " + pidfd, -result);
            }
            if (siginfo.get(ValueLayout.JAVA_INT, Structs.Siginfo.SI_PID) == 0) {
                return Optional.empty();
            }
            int status = siginfo.get(ValueLayout.JAVA_INT, Structs.Siginfo.SI_STATUS);
            return Optional.of(
                    siginfo.get(ValueLayout.JAVA_INT, Structs.Siginfo.SI_CODE) == CLD_EXITED
                            ? new ProcessExit.Exited(status)
                            : new ProcessExit.Killed(status));
        }
    }

    /** kill(2) with {@code SIGKILL}, and waitid(2) until it is dead: for a child nobody has been told of. */
    static void destroy(int pid) {
        C.kill.callOnce(pid, ProcessSignal.KILL.number(), 0, 0, 0, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment siginfo = arena.allocate(Structs.Siginfo.SIZE, 8);
            C.waitid.callInt(1, pid, siginfo.address(), WEXITED, 0, 0);
        }
    }

    /**
     * sigaction(2): a process that ignores {@code SIGCHLD}, which it may have inherited, is told nothing of how its
     * children end; so the default is put back, as the JDK does for its own.
     */
    static void stopIgnoringChildren() throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment action = arena.allocate(Structs.Sigaction.SIZE, 8);
            int result = C.sigaction.callInt(SIGCHLD, 0, action.address(), 0, 0, 0);
            if (result == 0 && action.get(ValueLayout.JAVA_LONG, Structs.Sigaction.SA_HANDLER) == SIG_IGN) {
                action.fill((byte) 0);
                result = C.sigaction.callInt(SIGCHLD, action.address(), 0, 0, 0, 0);
            }
            if (result < 0) {
                throw new SystemCallException("sigaction", "SIGCHLD", -result);
            }
        }
    }
}
