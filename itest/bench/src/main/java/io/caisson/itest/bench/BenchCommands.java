package io.caisson.itest.bench;

import io.caisson.container.api.Container;
import io.caisson.container.api.ContainerProcess;
import io.caisson.container.api.ContainerService;
import io.caisson.container.api.ContainerSpec;
import io.caisson.container.api.ProcessSpec;
import io.caisson.image.api.ImageReference;
import io.caisson.kernel.api.KernelProvider;
import io.caisson.service.api.ProgressListener;
import io.caisson.shell.library.Arguments;
import io.caisson.shell.library.CommandSyntax;
import io.caisson.shell.library.Listing;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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
    private final KernelProvider kernels;

    /** Made by Declarative Services. */
    @Activate
    public BenchCommands(
            @Reference(policyOption = ReferencePolicyOption.GREEDY) ContainerService containers,
            @Reference(policyOption = ReferencePolicyOption.GREEDY) KernelProvider kernels) {
        this.containers = containers;
        this.kernels = kernels;
    }

    /** A measured thing. */
    record Row(String measure, int runs, String median, String lowerQuartile, String upperQuartile) {}

    private static Arguments parse(String name, String summary, String[] line) {
        return CommandSyntax.builder("bench " + name, summary)
                .option('n', "runs", "N", "How often each side is measured (default 11)")
                .option((char) 0, "floor", "FILE", "Initramfs of the floor")
                .option((char) 0, "command", "FILE", "The caisson command to measure cold")
                .format()
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
        firstByte();
        try (var floor = floor(arguments)) {
            for (int i = 0; i < runs(arguments); i++) {
                floors.add(floor.seconds());
                ours.add(firstByte());
            }
        }
        return compared(arguments, "s", "floor", floors, "caisson, run to first byte", ours);
    }

    /** The whole command, cold JVM included, beside the floor. */
    @Descriptor("Time of caisson run busybox true from a cold JVM, beside QEMU alone")
    public Object cold(String[] line) throws IOException, InterruptedException {
        Arguments arguments = parse("cold", "Time of caisson run busybox true, beside QEMU alone", line);
        String command = arguments.value("command").orElse("caisson");
        var floors = new Series();
        var ours = new Series();
        coldRun(command);
        try (var floor = floor(arguments)) {
            for (int i = 0; i < runs(arguments); i++) {
                floors.add(floor.seconds());
                ours.add(coldRun(command));
            }
        }
        return compared(arguments, "s", "floor", floors, "caisson run busybox true, cold", ours);
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
        return compared(arguments, "MB/s", "pipe in the guest", pipes, "stdout to the host", ours);
    }

    /** What an idle container costs in this JVM. */
    @Descriptor("Memory of this JVM for each idle container")
    public Object memory(String[] line) throws IOException, InterruptedException {
        Arguments arguments = parse("memory", "Memory of this JVM for each idle container", line);
        int count = runs(arguments);
        var open = new ArrayList<Container>();
        try {
            open.add(idle());
            long heap = usedHeap();
            long resident = resident();
            for (int i = 0; i < count; i++) {
                open.add(idle());
            }
            var heaps = new Series();
            heaps.add((usedHeap() - heap) / 1024.0 / count);
            var residents = new Series();
            residents.add((resident() - resident) / 1024.0 / count);
            return compared(
                    arguments, "KiB", "heap for each container", heaps, "resident for each container", residents);
        } finally {
            open.forEach(Container::close);
        }
    }

    private Floor floor(Arguments arguments) throws IOException, InterruptedException {
        return new Floor(kernels.kernel(), Path.of(arguments.value("floor").orElseThrow()));
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

    private double firstByte() throws IOException, InterruptedException {
        long begin = System.nanoTime();
        try (Container container = create("echo", "hello")) {
            container.init().start();
            if (container.init().stdout().read() != 'h') {
                throw new IOException("the container did not say hello");
            }
            return (System.nanoTime() - begin) / 1e9;
        }
    }

    private static double coldRun(String command) throws IOException, InterruptedException {
        long begin = System.nanoTime();
        Process process = new ProcessBuilder(command, "run", "busybox", "true")
                .inheritIO()
                .start();
        int status = process.waitFor();
        if (status != 0) {
            throw new IOException(command + " run busybox true ended with " + status);
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

    private static long resident() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
            }
        }
        throw new IOException("/proc/self/status has no VmRSS");
    }

    private static Listing compared(
            Arguments arguments, String unit, String peer, Series peers, String our, Series ours) {
        var ratio = new Row(
                "ratio of the medians",
                ours.count(),
                String.format(Locale.ROOT, "%.2f", ours.median() / peers.median()),
                "",
                "");
        return new Listing(Row.class, List.of(row(peer, unit, peers), row(our, unit, ours), ratio), arguments.style());
    }

    private static Row row(String measure, String unit, Series series) {
        return new Row(
                measure,
                series.count(),
                text(series.median(), unit),
                text(series.quantile(0.25), unit),
                text(series.quantile(0.75), unit));
    }

    private static String text(double value, String unit) {
        return String.format(Locale.ROOT, value < 10 ? "%.3f %s" : "%.0f %s", value, unit);
    }
}
