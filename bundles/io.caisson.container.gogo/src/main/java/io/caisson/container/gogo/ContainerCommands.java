package io.caisson.container.gogo;

import io.caisson.container.api.Container;
import io.caisson.container.api.ContainerHandle;
import io.caisson.container.api.ContainerInfo;
import io.caisson.container.api.ContainerProcess;
import io.caisson.container.api.ContainerService;
import io.caisson.container.api.ContainerSpec;
import io.caisson.container.api.ExitStatus;
import io.caisson.container.api.ProcessSpec;
import io.caisson.host.linux.ffm.Terminal;
import io.caisson.image.api.ImageReference;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.Platform;
import io.caisson.shell.library.Arguments;
import io.caisson.shell.library.CommandException;
import io.caisson.shell.library.CommandResult;
import io.caisson.shell.library.CommandSyntax;
import io.caisson.shell.library.Listing;
import io.caisson.shell.library.PartialFailure;
import io.caisson.shell.library.ProgressLine;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** {@code container:run}, {@code exec}, {@code list} and {@code stop}. */
@Component(
        service = ContainerCommands.class,
        property = {
            "osgi.command.scope=container",
            "osgi.command.function=run",
            "osgi.command.function=exec",
            "osgi.command.function=list",
            "osgi.command.function=stop",
            "caisson.command.short=run"
        })
public final class ContainerCommands {
    /** As shells and container runtimes have it: the command is there but cannot be executed. */
    private static final int CANNOT_EXECUTE = 126;

    /** As shells and container runtimes have it: there is no such command. */
    private static final int NOT_FOUND = 127;

    private static final int STOP_SECONDS = 10;

    private static final String SIGNALS =
            "SIGINT, SIGTERM and SIGHUP go to the process, which may ignore them; the third SIGINT or SIGTERM ends the %s at once.";

    private static final CommandSyntax RUN = process(
                    CommandSyntax.builder("run", "Run a command in a new container, in a virtual machine of its own"))
            .option((char) 0, "name", "NAME", "Name the container")
            .option((char) 0, "hostname", "NAME", "Its host name")
            .option('m', "memory", "SIZE", "Memory of its machine (default 256m)")
            .option('c', "cpus", "N", "Virtual processors (default 1)")
            .option((char) 0, "scratch-size", "SIZE", "Size of the disk for its writes (default 64g, sparse)")
            .flag((char) 0, "read-only", "Make its root file system read-only")
            .option((char) 0, "platform", "OS/ARCH", "Platform of the image (default: the host's)")
            .option((char) 0, "vm", "NAME", "Virtual machine provider to use")
            .option((char) 0, "kernel", "NAME", "Kernel to boot")
            .option((char) 0, "rootfs", "NAME", "File system to build")
            .option((char) 0, "boot-timeout", "SECONDS", "How long the guest may take to answer (default 30)")
            .operands("IMAGE [COMMAND [ARGUMENT…]]", 1, Integer.MAX_VALUE)
            .optionsFirst()
            .note(SIGNALS.formatted("container"))
            .build();

    private static final CommandSyntax EXEC = process(
                    CommandSyntax.builder("container exec", "Run a further command in a running container"))
            .operands("CONTAINER COMMAND [ARGUMENT…]", 2, Integer.MAX_VALUE)
            .optionsFirst()
            .note(SIGNALS.formatted("process"))
            .build();

    private static final CommandSyntax LIST =
            CommandSyntax.builder("container list", "List containers").listing().build();

    private static final CommandSyntax STOP = CommandSyntax.builder(
                    "container stop", "Stop containers: their stop signal first, their machines after the grace time")
            .option('t', "time", "SECONDS", "Grace time (default " + STOP_SECONDS + ")")
            .operands("CONTAINER…", 1, Integer.MAX_VALUE)
            .build();

    private final ContainerService containers;

    /** Made by Declarative Services. */
    @Activate
    public ContainerCommands(@Reference(policyOption = ReferencePolicyOption.GREEDY) ContainerService containers) {
        this.containers = containers;
    }

    private static CommandSyntax.Builder process(CommandSyntax.Builder syntax) {
        return syntax.flag('i', "interactive", "Pass standard input on")
                .flag('t', "tty", "Give it a terminal (with -i only where standard input is one)")
                .option('e', "env", "NAME=VALUE", "Set an environment variable")
                .option('u', "user", "USER[:GROUP]", "User to run as")
                .option('w', "workdir", "PATH", "Working directory");
    }

    /** Runs a container until its first process ends; the exit status is that process's. */
    @Descriptor("Run a command in a new container")
    public @Nullable Object run(CommandSession session, String[] line) throws InterruptedException {
        Arguments arguments = RUN.parse(List.of(line));
        if (arguments.help()) {
            return RUN.help();
        }
        checkTerminal(RUN, arguments, session);
        ContainerSpec spec = containerSpec(arguments);
        try (Container container = create(spec)) {
            String subject = "container " + container.info().id();
            return attach(
                    session,
                    container.init(),
                    subject,
                    arguments,
                    spec.process().terminal(),
                    true);
        }
    }

    /**
     * Input from elsewhere has an end, and a terminal has none to pass on: there it is a key, which means nothing to a
     * process that has switched keys off, as every shell's line editor does. Such a process would wait for ever.
     */
    private static void checkTerminal(CommandSyntax syntax, Arguments arguments, CommandSession session) {
        if (arguments.has("interactive")
                && arguments.has("tty")
                && !CommandStreams.of(session).isTyped()) {
            throw new CaissonException(
                    ErrorKind.INVALID_ARGUMENT,
                    "caisson " + syntax.name()
                            + ": -i and -t together need a terminal as standard input; without -t it may be anything");
        }
    }

    private Container create(ContainerSpec spec) throws InterruptedException {
        try (var progress = new ProgressLine(ContainerCommands::columns)) {
            return containers.create(spec, progress);
        }
    }

    private static int columns() {
        return Terminal.size(Terminal.Stream.ERROR).map(Terminal.Size::columns).orElse(ProgressLine.NO_TERMINAL);
    }

    /** Runs a further process in a container. */
    @Descriptor("Run a further command in a running container")
    public @Nullable Object exec(CommandSession session, String[] line) throws InterruptedException {
        Arguments arguments = EXEC.parse(List.of(line));
        if (arguments.help()) {
            return EXEC.help();
        }
        checkTerminal(EXEC, arguments, session);
        ContainerHandle container = containers.find(arguments.operands().getFirst());
        ProcessSpec spec = processSpec(arguments);
        try (ContainerProcess process = executable(() -> container.exec(spec))) {
            String subject = "the process in container " + arguments.operands().getFirst();
            return attach(session, process, subject, arguments, spec.terminal(), false);
        }
    }

    /** A line of the list. */
    record Row(
            String id,
            String name,
            String image,
            List<String> command,
            ContainerInfo.State state,
            Instant created,
            String vm,
            String kernel) {}

    /** Lists containers. */
    @Descriptor("List containers")
    public Object list(String[] line) {
        Arguments arguments = LIST.parse(List.of(line));
        if (arguments.help()) {
            return LIST.help();
        }
        var rows = new ArrayList<Row>();
        for (ContainerInfo info : containers.list()) {
            rows.add(new Row(
                    info.id(),
                    info.name(),
                    info.image(),
                    info.command(),
                    info.state(),
                    info.created(),
                    info.providers().getOrDefault("vm", ""),
                    info.providers().getOrDefault("kernel", "")));
        }
        return new Listing(Row.class, rows, arguments.style());
    }

    /** Stops containers. */
    @Descriptor("Stop containers")
    public Object stop(String[] line) throws InterruptedException {
        Arguments arguments = STOP.parse(List.of(line));
        if (arguments.help()) {
            return STOP.help();
        }
        Duration grace = Duration.ofSeconds(arguments.number("time", 0, 3600).orElse(STOP_SECONDS));
        return PartialFailure.orEach(arguments.operands(), name -> {
            containers.find(name).stop(grace);
            return List.of(name);
        });
    }

    private @Nullable Object attach(
            CommandSession session,
            ContainerProcess process,
            String subject,
            Arguments arguments,
            Optional<ProcessSpec.TerminalSize> terminal,
            boolean start)
            throws InterruptedException {
        try (var attachment = Attachment.of(process, subject, session, arguments.has("interactive"), terminal)) {
            attachment.passOutput();
            try {
                if (start) {
                    executable(() -> {
                        process.start();
                        return process;
                    });
                }
                return result(attachment.untilExit());
            } catch (InterruptedException e) {
                return result(attachment.interrupted().orElseThrow(() -> e));
            }
        }
    }

    /** Nothing at all for success: in a Gogo script the output is the value then. */
    private static @Nullable Object result(ExitStatus status) {
        return status.code() == 0 ? null : CommandResult.exit(status.code());
    }

    private interface Start<T> {
        T start() throws InterruptedException;
    }

    /** Tells failures of the command to execute from Caisson's own by their exit status. */
    private static <T> T executable(Start<T> start) throws InterruptedException {
        try {
            return start.start();
        } catch (CaissonException e) {
            throw switch (e.kind()) {
                case NOT_FOUND -> new CommandException(NOT_FOUND, e.getMessage(), e);
                case PERMISSION_DENIED -> new CommandException(CANNOT_EXECUTE, e.getMessage(), e);
                default -> e;
            };
        }
    }

    private static ContainerSpec containerSpec(Arguments arguments) {
        ContainerSpec.Builder spec = ContainerSpec.builder(
                        ImageReference.parse(arguments.operands().getFirst()))
                .process(processSpec(arguments))
                .readOnly(arguments.has("read-only"));
        arguments.value("name").ifPresent(spec::name);
        arguments.value("hostname").ifPresent(spec::hostname);
        arguments.value("platform").map(Platform::parse).ifPresent(spec::platform);
        arguments.value("vm").ifPresent(spec::vm);
        arguments.value("kernel").ifPresent(spec::kernel);
        arguments.value("rootfs").ifPresent(spec::rootfs);
        arguments.bytes("memory").ifPresent(spec::memoryBytes);
        arguments.bytes("scratch-size").ifPresent(spec::scratchBytes);
        arguments.number("cpus", 1, 64).ifPresent(spec::processors);
        arguments.number("boot-timeout", 1, 3600).map(Duration::ofSeconds).ifPresent(spec::bootTimeout);
        return spec.build();
    }

    private static ProcessSpec processSpec(Arguments arguments) {
        ProcessSpec.Builder process = ProcessSpec.builder()
                .args(arguments.operands().subList(1, arguments.operands().size()))
                .stdin(arguments.has("interactive"));
        arguments.values("env").forEach(process::env);
        arguments.value("user").ifPresent(process::user);
        arguments.value("workdir").ifPresent(process::workingDirectory);
        if (arguments.has("tty")) {
            process.terminal(Attachment.terminalSize());
        }
        return process.build();
    }
}
