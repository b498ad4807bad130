package io.caisson.vm.qemu.provider;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.util.ArrayList;
import java.util.List;

/**
 * QEMU's command line, qemu(1) 7.2. Nothing on it is secret and no path is ours: what QEMU needs it inherits.
 *
 * <p>Disks go through descriptor sets, which hand QEMU the very descriptor we opened, with its access mode. Kernel and
 * RAM disk are opened by code in QEMU that knows no descriptor sets, hence by {@code /proc/self/fd}.
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
        line.addAll(List.of("-kernel", "/proc/self/fd/" + layout.kernel()));
        line.addAll(List.of("-initrd", "/proc/self/fd/" + layout.ramdisk()));
        line.addAll(List.of("-append", kernelCommandLine(type, layout)));
        monitorAndConsole(line, layout);
        devices(line, layout);
        return line;
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
        // Shared, for the vsock device is in our process; sealed by default, so that it cannot shrink under it.
        line.addAll(List.of("-object", "memory-backend-memfd,id=memory,share=on,size=" + memory));
    }

    private static String kernelCommandLine(MachineType type, MachineLayout layout) {
        var arguments = new ArrayList<>(type.kernelArguments(layout));
        arguments.addAll(layout.kernelArguments());
        String line = String.join(" ", arguments);
        if (line.length() > type.longestKernelCommandLine()) {
            throw new CaissonException(
                    ErrorKind.INVALID_ARGUMENT,
                    "kernel command line of " + layout.name() + " has " + line.length() + " characters, at most "
                            + type.longestKernelCommandLine() + " fit");
        }
        return line;
    }

    private static void monitorAndConsole(List<String> line, MachineLayout layout) {
        line.addAll(List.of("-chardev", "socket,id=qmp,fd=" + layout.monitor()));
        line.addAll(List.of("-mon", "chardev=qmp,mode=control"));
        line.addAll(List.of("-chardev", "socket,id=console,fd=" + layout.console()));
        line.addAll(List.of("-serial", "chardev:console"));
    }

    private static void devices(List<String> line, MachineLayout layout) {
        line.addAll(List.of("-global", "virtio-mmio.force-legacy=false"));
        line.addAll(List.of("-object", "rng-builtin,id=random"));
        line.addAll(List.of("-device", "virtio-rng-device,rng=random"));
        line.addAll(List.of("-chardev", "socket,id=vsock,fd=" + layout.vsock()));
        line.addAll(List.of("-device", "vhost-user-vsock-device,chardev=vsock"));
        for (int slot = 0; slot < layout.disks().size(); slot++) {
            disk(line, slot, layout.disks().get(slot));
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
