package io.caisson.itest.bench;

import io.caisson.container.api.Container;
import io.caisson.container.api.ContainerProcess;
import io.caisson.container.api.ContainerService;
import io.caisson.container.api.ContainerSpec;
import io.caisson.container.api.ProcessSpec;
import io.caisson.image.api.ImageReference;
import io.caisson.service.api.ProgressListener;
import io.caisson.shell.library.Arguments;
import io.caisson.shell.library.CommandSyntax;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.felix.service.command.Descriptor;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** {@code bench:boot}, {@code cold}, {@code stdout} and {@code memory}. */
@Component(
        service = BenchCommands.class,
        property = {
            "osgi.command.scope=bench",
            "osgi.command.function=boot",
            "osgi.command.function=cold",
            "osgi.command.function=stdout",
            "osgi.command.function=memory",
            "caisson.command.short="
        })
public final class BenchCommands {
    private static final long GIBIBYTE = 1L << 30;

    private final ContainerService containers;

    /** Made by Declarative Services. */
    @Activate
    public BenchCommands(@Reference(policyOption = ReferencePolicyOption.GREEDY) ContainerService containers) {
        this.containers = containers;
    }

    private static Arguments parse(String name, String summary, String[] line) {
        return CommandSyntax.builder("bench " + name, summary)
                .option('n', "runs", "N", "How often each side is measured (default 11)")
                .option((char) 0, "floor", "FILE", "Initramfs of the floor")
                .option((char) 0, "command", "FILE", "The caisson command to measure cold")
                .build()
                .parse(List.of(line));
    }

    private static int runs(Arguments arguments) {
        return arguments.number("runs", 1, 1000).orElse(11);
    }

    /** In a running Felix: from run to the process's first byte, beside the floor. */
    @Descriptor("Time from run to the first byte of output, beside QEMU alone")
    public Object boot(String[] line) throws IOException, InterruptedException {
        Arguments arguments = parse("boot", "Time from run to the first byte of output, beside QEMU alone", line);
        var floors = new Series();
        var ours = new Series();
        try (var floor = floor(arguments)) {
            firstByte();
            for (int i = 0; i < runs(arguments); i++) {
                floors.add(floor.seconds());
                ours.add(firstByte());
            }
            return new Comparison("From run to the first byte, in a running Felix" + on(floor), "s")
                    .measured("floor", floors)
                    .measured("caisson", ours)
                    .ratio(ours, floors, "at most 1.5")
                    .toString();
        }
    }

    /** The whole command, cold JVM included, beside the floor. */
    @Descriptor("Time of caisson run busybox true from a cold JVM, beside QEMU alone")
    public Object cold(String[] line) throws IOException, InterruptedException {
        Arguments arguments = parse("cold", "Time of caisson run busybox true, beside QEMU alone", line);
        String command = arguments.value("command").orElse("caisson");
        var floors = new Series();
        var frameworks = new Series();
        var ours = new Series();
        try (var floor = floor(arguments)) {
            execute(command, "run", "busybox", "true");
            for (int i = 0; i < runs(arguments); i++) {
                floors.add(floor.seconds());
                frameworks.add(execute(command, "--version"));
                ours.add(execute(command, "run", "busybox", "true"));
            }
            var table = new Comparison("A cold command" + on(floor), "s")
                    .measured("floor", floors)
                    .measured("caisson --version: JVM and Felix", frameworks)
                    .measured("caisson run busybox true (promised: at most 1.0)", ours)
                    .toString();
            // When what was reached, of one run more, on standard error.
            execute(command, "--debug", "run", "busybox", "true");
            return table;
        }
    }

    /** One gibibyte through stdout, beside a pipe inside the same guest. */
    @Descriptor("Rate of 1 GiB through stdout, beside a pipe in the same guest")
    public Object stdout(String[] line) throws IOException, InterruptedException {
        Arguments arguments = parse("stdout", "Rate of 1 GiB through stdout, beside a pipe in the same guest", line);
        var pipes = new Series();
        var ours = new Series();
        String produce = "dd if=/dev/zero bs=1M count=1024 2>/dev/null";
        try (Container container = create("sleep", "3600")) {
            container.init().start();
            for (int i = 0; i < runs(arguments); i++) {
                pipes.add(GIBIBYTE / 1e6 / seconds(container, produce + " | dd of=/dev/null bs=1M 2>/dev/null", 0));
                ours.add(GIBIBYTE / 1e6 / seconds(container, produce, GIBIBYTE));
            }
        }
        return new Comparison("1 GiB through stdout", "MB/s")
                .measured("pipe in the guest", pipes)
                .measured("stdout to the host", ours)
                .ratio(ours, pipes, "at least 0.45")
                .toString();
    }

    /** What an idle container costs. */
    @Descriptor("Memory for each idle container, of this JVM and of QEMU")
    public Object memory(String[] line) throws IOException, InterruptedException {
        Arguments arguments = parse("memory", "Memory for each idle container, of this JVM and of QEMU", line);
        var heaps = new Series();
        var residents = new Series();
        var monitors = new Series();
        var open = new ArrayList<Container>();
        try {
            // The first one brings what all share: classes, compiled code, threads.
            open.add(idle());
            open.add(idle());
            for (int i = 0; i < runs(arguments); i++) {
                long heap = usedHeap();
                long resident = resident(ProcessHandle.current());
                open.add(idle());
                heaps.add((usedHeap() - heap) / 1024.0);
                residents.add((resident(ProcessHandle.current()) - resident) / 1024.0);
            }
            for (ProcessHandle monitor : monitors(ProcessHandle.current())) {
                monitors.add(resident(monitor) / 1024.0);
            }
        } finally {
            open.forEach(Container::close);
        }
        return new Comparison("Memory for each idle container", "KiB")
                .measured("JVM, heap in use after collection", heaps)
                .measured("JVM, resident", residents)
                .measured("QEMU, resident, its guest's memory included", monitors)
                .toString();
    }

    private Floor floor(Arguments arguments) throws IOException, InterruptedException {
        Path initramfs = Path.of(arguments.value("floor").orElseThrow());
        // One that boots by itself: where another stood still there is neither kernel nor command line to see.
        var command = new ProcessBuilder(
                        arguments.value("command").orElseThrow(), "run", "busybox", "sh", "-c", "echo; exec sleep 3600")
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        command.environment().put("CAISSON_QEMU_TEMPLATES", "false");
        Process booted = command.start();
        try {
            if (booted.getInputStream().read() < 0) {
                throw new IOException("no machine has booted to take the floor from");
            }
            return Floor.of(monitors(booted.toHandle()).getFirst(), initramfs);
        } finally {
            booted.descendants().forEach(ProcessHandle::destroy);
            booted.destroy();
            booted.waitFor();
        }
    }

    private static List<ProcessHandle> monitors(ProcessHandle owner) {
        return owner.descendants()
                .filter(child -> child.info().command().orElse("").contains("qemu-system"))
                .toList();
    }

    private static String on(Floor floor) throws IOException {
        var version = new ProcessBuilder(floor.program(), "--version").start();
        String first = new String(version.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .findFirst()
                .orElse("QEMU");
        return ": " + Runtime.getRuntime().availableProcessors() + " processors, " + first + " with "
                + floor.accelerator() + ", Java " + Runtime.version();
    }

    private Container create(String... command) throws InterruptedException {
        return containers.create(
                ContainerSpec.builder(ImageReference.parse("busybox"))
                        .process(ProcessSpec.builder().args(List.of(command)).build())
                        .build(),
                ProgressListener.NONE);
    }

    private Container idle() throws InterruptedException {
        Container container = create("sleep", "3600");
        container.init().start();
        return container;
    }

    /** As {@code run} does it: the output is read from before the start. */
    private double firstByte() throws IOException, InterruptedException {
        long begin = System.nanoTime();
        try (Container container = create("echo", "hello")) {
            var first = CompletableFuture.supplyAsync(() -> read(container), Thread::startVirtualThread);
            container.init().start();
            if (first.get() != 'h') {
                throw new IOException("the container did not say hello");
            }
            return (System.nanoTime() - begin) / 1e9;
        } catch (ExecutionException e) {
            throw new IOException("the container's output cannot be read", e);
        }
    }

    private static int read(Container container) {
        try {
            return container.init().stdout().read();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static double execute(String... command) throws IOException, InterruptedException {
        long begin = System.nanoTime();
        Process process = new ProcessBuilder(command)
                .inheritIO()
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        int status = process.waitFor();
        if (status != 0) {
            throw new IOException(String.join(" ", command) + " ended with " + status);
        }
        return (System.nanoTime() - begin) / 1e9;
    }

    /** Seconds a script in the container takes until it has ended and this many bytes of its output are read. */
    private static double seconds(Container container, String script, long expected)
            throws IOException, InterruptedException {
        byte[] buffer = new byte[256 << 10];
        long begin = System.nanoTime();
        long read = 0;
        try (ContainerProcess process = container.exec(
                ProcessSpec.builder().args(List.of("sh", "-c", script)).build())) {
            InputStream output = process.stdout();
            int count;
            while ((count = output.read(buffer)) >= 0) {
                read += count;
            }
            if (process.await(Duration.ofMinutes(5)).isEmpty() || read != expected) {
                throw new IOException("read " + read + " bytes instead of " + expected);
            }
        }
        return (System.nanoTime() - begin) / 1e9;
    }

    private static long usedHeap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static long resident(ProcessHandle process) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
            }
        }
        throw new IOException("process " + process.pid() + " has no VmRSS");
    }
}
