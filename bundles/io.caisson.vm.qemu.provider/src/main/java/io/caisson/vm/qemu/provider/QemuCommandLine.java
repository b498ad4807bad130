package io.caisson.vm.qemu.provider;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.vm.qemu.provider.MachineLayout.Beginning;
import io.caisson.vm.qemu.provider.MachineLayout.Devices;
import io.caisson.vm.qemu.provider.MachineLayout.Kernel;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

/**
 * QEMU's command line, qemu(1) 7.2. Nothing on it is secret and no path is ours: what QEMU needs it inherits.
 *
 * <p>Disks go through descriptor sets, which hand QEMU the very descriptor we opened, with its access mode. Kernel, RAM
 * disk and memory are opened by code in QEMU that knows no descriptor sets, hence by {@code /proc/self/fd}.
 */
final class QemuCommandLine {
    /** In MiB. QEMU's default, up to 1 GiB, lets the translations of a busy guest outgrow its memory. */
    private static final int TRANSLATION_BUFFER = 128;

    /** Denies QEMU what it does not do once it runs: privileges, programs, scheduling, long-gone system calls. */
    private static final String SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

    private QemuCommandLine() {}

    /** How the guest tells the disk in this slot from the others: at most 20 characters, virtio 1.2 section 5.2.6. */
    static String diskSerial(int slot) {
        return "caisson-" + slot;
    }

    /**
     * The arguments.
     *
     * @throws CaissonException INVALID_ARGUMENT when the kernel command line is too long
     */
    static List<String> of(MachineType type, MachineLayout layout) {
        var line = new ArrayList<String>(64);
        line.addAll(List.of("-name", layout.name()));
        line.addAll(List.of("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"));
        line.addAll(List.of("-sandbox", SANDBOX));
        machine(line, type, layout);
        switch (layout.beginning()) {
            case Beginning.Boot(Kernel kernel, Devices devices) -> {
                kernel(line, type, layout, kernel, List.of());
                devices(line, devices);
            }
            case Beginning.Template(Kernel kernel) -> kernel(line, type, layout, kernel, type.templateArguments());
            case Beginning.Resume(int entrance, Instant saved, Devices devices) -> {
                // Until it is told to go on: its memory is still being filled.
                line.add("-S");
                line.addAll(List.of("-kernel", "/proc/self/fd/" + entrance));
                // The guest takes the time between for sleep, and counts that as time it has been up.
                line.addAll(List.of("-rtc", "base=" + clock(saved)));
                devices(line, devices);
            }
        }
        return line;
    }

    /** In UTC, with its seconds, which are left out when they are zero; an odd second is as good as an even one. */
    private static String clock(Instant time) {
        return LocalDateTime.ofEpochSecond(time.getEpochSecond() | 1, 0, ZoneOffset.UTC)
                .toString();
    }

    private static void machine(List<String> line, MachineType type, MachineLayout layout) {
        boolean kvm = layout.acceleration() == Acceleration.Kind.KVM;
        String accelerator = kvm ? "kvm" : "tcg,tb-size=" + TRANSLATION_BUFFER;
        if (!kvm && layout.processors() > 1) {
            // With a thread for each processor, code that the kernel patches is sometimes executed half patched.
            accelerator += ",thread=single";
        }
        String memory = layout.memoryMebibytes() + "M";
        line.addAll(List.of("-accel", accelerator));
        line.addAll(List.of("-machine", type.machine() + ",memory-backend=memory,dump-guest-core=off"));
        line.addAll(List.of("-cpu", type.processor(layout.acceleration())));
        line.addAll(List.of("-smp", Integer.toString(layout.processors())));
        line.addAll(List.of("-m", memory));
        // Shared, for the vsock device is in our process; and made by us, who may have put another machine's into it.
        line.addAll(List.of(
                "-object",
                "memory-backend-file,id=memory,share=on,size=" + memory + ",mem-path=/proc/self/fd/"
                        + layout.memory()));
        line.addAll(List.of("-chardev", "socket,id=qmp,fd=" + layout.monitor()));
        line.addAll(List.of("-mon", "chardev=qmp,mode=control"));
        line.addAll(List.of("-chardev", "socket,id=console,fd=" + layout.console()));
        line.addAll(List.of("-serial", "chardev:console"));
        line.addAll(List.of("-global", "virtio-mmio.force-legacy=false"));
    }

    private static void kernel(
            List<String> line, MachineType type, MachineLayout layout, Kernel kernel, List<String> more) {
        line.addAll(List.of("-kernel", "/proc/self/fd/" + kernel.image()));
        line.addAll(List.of("-initrd", "/proc/self/fd/" + kernel.ramdisk()));
        var arguments = new ArrayList<>(type.kernelArguments(layout, kernel));
        arguments.addAll(kernel.arguments());
        String words = String.join(" ", arguments);
        if (words.length() > type.longestKernelCommandLine()) {
            throw new CaissonException(
                    ErrorKind.INVALID_ARGUMENT,
                    "kernel command line of " + layout.name() + " has " + words.length() + " characters, at most "
                            + type.longestKernelCommandLine() + " fit");
        }
        line.addAll(List.of("-append", more.isEmpty() ? words : words + " " + String.join(" ", more)));
    }

    private static void devices(List<String> line, Devices devices) {
        line.addAll(List.of("-object", "rng-builtin,id=random"));
        line.addAll(List.of("-device", "virtio-rng-device,rng=random"));
        line.addAll(List.of("-chardev", "socket,id=vsock,fd=" + devices.vsock()));
        line.addAll(List.of("-device", "vhost-user-vsock-device,chardev=vsock"));
        for (int slot = 0; slot < devices.disks().size(); slot++) {
            disk(line, slot, devices.disks().get(slot));
        }
    }

    /**
     * A raw image through the host's page cache, which machines that share an image share too; a flush of the guest's
     * reaches the disk. Worker threads, as direct I/O and with it {@code aio=native} would bypass that cache and
     * {@code io_uring} is switched off on many hosts. What the guest discards or fills with zeros becomes a hole.
     * QEMU's own locks let any number read or a single machine write. When the host's disk is full the guest is told; by
     * default QEMU stops the machine instead, and whoever waits for it waits for ever.
     */
    private static void disk(List<String> line, int slot, MachineLayout.Disk disk) {
        String mode = disk.readOnly() ? "read-only=on" : "discard=unmap,detect-zeroes=unmap";
        line.addAll(List.of("-add-fd", "fd=" + disk.descriptor() + ",set=" + slot));
        line.addAll(List.of(
                "-blockdev",
                "driver=file,node-name=disk" + slot + ",filename=/dev/fdset/" + slot + ",aio=threads," + mode));
        line.addAll(List.of(
                "-device", "virtio-blk-device,drive=disk" + slot + ",serial=" + diskSerial(slot) + ",werror=report"));
    }
}
