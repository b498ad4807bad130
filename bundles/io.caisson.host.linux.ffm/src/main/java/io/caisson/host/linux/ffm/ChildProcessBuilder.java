package io.caisson.host.linux.ffm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Describes a {@link ChildProcess} to start. Not safe for use by several threads. */
public final class ChildProcessBuilder {
    /** What the numbers of inherited descriptors are below. */
    static final int NUMBERS = 256;

    private static final Path SHELL = Path.of("/bin/sh");
    private static final List<Path> SETPRIV = List.of(Path.of("/usr/bin/setpriv"), Path.of("/bin/setpriv"));

    /**
     * Runs after setpriv(1) has asked for the signal: when the owner died before, the signal will never come, but the
     * parent is another one by now.
     */
    static final String GO_ON_WITH_LIVING_OWNER = "[ \"$PPID\" = \"$0\" ] && exec \"$@\"";

    private final Path executable;
    private final List<String> arguments = new ArrayList<>();
    private final Map<String, String> environment = new HashMap<>(System.getenv());
    private final Map<Integer, Descriptor> inherited = new TreeMap<>();
    private final ChildStream[] streams = {ChildStream.none(), ChildStream.none(), ChildStream.none()};
    private @Nullable Path directory;
    private boolean newSession;
    private boolean diesWithOwner;
    private boolean closefrom = true;

    ChildProcessBuilder(Path executable) {
        if (!executable.isAbsolute()) {
            throw new IllegalArgumentException("path of an executable is not absolute: " + executable);
        }
        this.executable = executable;
    }

    /** Adds arguments. */
    public ChildProcessBuilder arguments(String... values) {
        arguments.addAll(List.of(values));
        return this;
    }

    /** Adds arguments. */
    public ChildProcessBuilder arguments(List<String> values) {
        arguments.addAll(values);
        return this;
    }

    /** Sets a variable of the environment, which is otherwise this process's. */
    public ChildProcessBuilder environment(String name, String value) {
        if (name.isEmpty() || name.indexOf('=') >= 0) {
            throw new IllegalArgumentException("not the name of an environment variable: '" + name + "'");
        }
        environment.put(name, Objects.requireNonNull(value, "value"));
        return this;
    }

    /** Empties the environment. */
    public ChildProcessBuilder clearEnvironment() {
        environment.clear();
        return this;
    }

    /**
     * Lets the child have a descriptor. It stays the caller's and may be closed once the child has started.
     *
     * @return the number it has in the child, 3 for the first
     */
    public int inherit(Descriptor descriptor) {
        int number = 3;
        while (inherited.containsKey(number)) {
            number++;
        }
        inherit(descriptor, number);
        return number;
    }

    /**
     * As {@link #inherit(Descriptor)}, with a number of the caller's choice.
     *
     * @param number 3 to 255, not used yet
     */
    public ChildProcessBuilder inherit(Descriptor descriptor, int number) {
        Objects.requireNonNull(descriptor, "descriptor");
        if (number < 3 || number >= NUMBERS || inherited.putIfAbsent(number, descriptor) != null) {
            throw new IllegalArgumentException(
                    "number " + number + " for " + descriptor + " is taken or not in 3 to " + (NUMBERS - 1));
        }
        return this;
    }

    /** Its standard input; nothing unless said. */
    public ChildProcessBuilder input(ChildStream stream) {
        streams[0] = stream;
        return this;
    }

    /** Its standard output; nothing unless said. */
    public ChildProcessBuilder output(ChildStream stream) {
        streams[1] = stream;
        return this;
    }

    /** Its standard error; nothing unless said. */
    public ChildProcessBuilder error(ChildStream stream) {
        streams[2] = stream;
        return this;
    }

    /** Its working directory; this process's unless said. */
    public ChildProcessBuilder directory(Path value) {
        directory = value.toAbsolutePath();
        return this;
    }

    /** Gives it a session of its own, setsid(2): the terminal's signals, such as Ctrl-C's, do not reach it. */
    public ChildProcessBuilder newSession() {
        newSession = true;
        return this;
    }

    /**
     * Has the kernel kill it as soon as this process is gone, however that dies: the parent-death signal, prctl(2)
     * {@code PR_SET_PDEATHSIG}. It does not hold for what the child itself starts, nor for an executable that changes
     * its user or has file capabilities. Between its fork and its exec the child runs {@code setpriv} (package
     * util-linux) and {@code sh}; variables whose names a shell does not know may get lost there.
     */
    public ChildProcessBuilder diesWithOwner() {
        diesWithOwner = true;
        return this;
    }

    /** The executable and its arguments. */
    List<String> command() {
        List<String> command = new ArrayList<>(List.of(executable.toString()));
        command.addAll(arguments);
        return command;
    }

    /** For tests: closes descriptors the way a C library without closefrom needs it. */
    ChildProcessBuilder withoutClosefrom() {
        closefrom = false;
        return this;
    }

    /**
     * Starts it.
     *
     * @throws SystemCallException the executable cannot be run, a file cannot be opened, or there are too many processes
     *     or descriptors; nothing stays behind
     * @throws IOException {@code setpriv} is missing
     */
    public ChildProcess start() throws IOException {
        requireFiles();
        Map<Integer, Descriptor> sources = new TreeMap<>();
        try {
            for (int number = 0; number < streams.length; number++) {
                Descriptor source = streams[number].open();
                if (source != null) {
                    sources.put(number, source);
                }
            }
            for (Map.Entry<Integer, Descriptor> entry : inherited.entrySet()) {
                sources.put(entry.getKey(), entry.getValue().duplicate(NUMBERS));
            }
            return start(sources);
        } finally {
            for (Descriptor source : sources.values()) {
                source.close();
            }
        }
    }

    private ChildProcess start(Map<Integer, Descriptor> sources) throws IOException {
        Map<Integer, Integer> numbers = new TreeMap<>();
        List<Descriptor> held = new ArrayList<>();
        try {
            for (Map.Entry<Integer, Descriptor> entry : sources.entrySet()) {
                numbers.put(entry.getKey(), entry.getValue().acquire());
                held.add(entry.getValue());
            }
            List<String> command = new ArrayList<>();
            if (diesWithOwner) {
                command.addAll(List.of(
                        setpriv().toString(),
                        "--pdeathsig",
                        "KILL",
                        "--",
                        SHELL.toString(),
                        "-c",
                        GO_ON_WITH_LIVING_OWNER,
                        Integer.toString(HostCalls.getpid())));
            }
            command.addAll(command());
            return ChildKeeper.spawn(
                    new ProcessCalls.Plan(
                            Path.of(command.getFirst()),
                            command,
                            Map.copyOf(environment),
                            numbers,
                            directory,
                            newSession),
                    executable,
                    closefrom);
        } finally {
            for (Descriptor descriptor : held) {
                descriptor.release();
            }
        }
    }

    /**
     * By calls of their own, as the failure of a later exec would only be an exit status, and that of a change of
     * directory would not say which file is missing.
     */
    private void requireFiles() throws IOException {
        if (directory != null && !Files.isDirectory(directory)) {
            throw new SystemCallException("chdir", directory.toString(), Errno.ENOENT);
        }
        ProcessCalls.requireExecutable(executable);
        if (!Files.isRegularFile(executable)) {
            throw new SystemCallException("execve", executable + ", not a file", Errno.EACCES);
        }
    }

    private static Path setpriv() throws IOException {
        for (Path candidate : SETPRIV) {
            if (Files.isExecutable(candidate)) {
                return candidate;
            }
        }
        throw new IOException("cannot start a process that dies with its owner: there is no " + SETPRIV.getFirst()
                + " (install the package util-linux)");
    }
}
