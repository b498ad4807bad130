package io.caisson.itest.bench;

import io.caisson.kernel.api.Kernel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The floor: QEMU by itself with Caisson's kernel, machine, memory backend and disks, and an init that prints one line.
 * It has no vsock device, which needs a peer: the floor is a little too low rather than too high.
 */
final class Floor implements AutoCloseable {
    private final List<String> command;
    private final Path disk;

    Floor(Kernel kernel, Path initramfs) throws IOException {
        disk = Files.createTempFile("caisson-floor", ".img");
        try (var channel = FileChannel.open(disk, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1), (64L << 20) - 1);
        }
        String arguments = String.join(" ", kernel.arguments())
                + " console=ttyS0 reboot=t panic=1 quiet no_timer_check noreplace-smp"
                + (kernel.capabilities().contains("param.lapic_timer_hz")
                        ? " lapic_timer_hz=1000000000"
                        : " noapictimer");
        command = new ArrayList<>(List.of(
                "qemu-system-x86_64",
                "-nodefaults",
                "-no-user-config",
                "-display",
                "none",
                "-serial",
                "stdio",
                "-no-reboot",
                "-accel",
                "tcg,thread=single",
                "-M",
                "microvm,acpi=off,memory-backend=mem",
                "-m",
                "256",
                "-object",
                "memory-backend-memfd,id=mem,size=256M,share=on",
                "-global",
                "virtio-mmio.force-legacy=false",
                "-kernel",
                kernel.image().toString(),
                "-initrd",
                initramfs.toString(),
                "-append",
                arguments,
                "-object",
                "rng-random,id=rng,filename=/dev/urandom",
                "-device",
                "virtio-rng-device,rng=rng"));
        for (String name : new String[] {"a", "b"}) {
            command.addAll(List.of(
                    "-blockdev",
                    "driver=file,locking=off,read-only=on,node-name=" + name + ",filename=" + disk,
                    "-device",
                    "virtio-blk-device,drive=" + name + ",serial=" + name));
        }
    }

    /** Seconds from the start of QEMU to the first byte of the init's line. */
    double seconds() throws IOException, InterruptedException {
        long begin = System.nanoTime();
        Process qemu = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            var seen = new StringBuilder();
            int next;
            while (seen.indexOf("floor") < 0) {
                next = qemu.getInputStream().read();
                if (next < 0) {
                    throw new IOException("the floor's machine ended early: " + seen);
                }
                seen.append((char) next);
            }
            return (System.nanoTime() - begin) / 1e9;
        } finally {
            qemu.destroyForcibly();
            qemu.waitFor(5, TimeUnit.SECONDS);
        }
    }

    @Override
    public void close() throws IOException {
        Files.delete(disk);
    }
}
