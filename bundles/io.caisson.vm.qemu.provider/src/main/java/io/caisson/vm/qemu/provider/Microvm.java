package io.caisson.vm.qemu.provider;

import java.util.ArrayList;
import java.util.List;

/** QEMU's microvm for x86-64, docs/system/i386/microvm.rst of QEMU 7.2: no PCI, no ACPI, virtio over MMIO. */
final class Microvm implements MachineType {
    /** A capability of a kernel that knows the parameter. */
    static final String LAPIC_TIMER_HZ = "param.lapic_timer_hz";

    /** hw/intc/apic_common.c and hw/i386/kvm/apic.c of QEMU: the local APIC's timer counts nanoseconds. */
    private static final long LAPIC_HERTZ = 1_000_000_000;

    /** hw/i386/microvm.c: without a second I/O APIC, which needs ACPI. */
    private static final int VIRTIO_SLOTS = 8;

    /** Those that are not disks: the vsock device and the random number generator. */
    private static final int OTHER_DEVICES = 2;

    /** COMMAND_LINE_SIZE of arch/x86/include/asm/setup.h, with its final NUL. */
    private static final int COMMAND_LINE_SIZE = 2048;

    /** For what a template is told beyond its devices' places. */
    private static final int LEFT_FREE = 32;

    /** hw/i386/microvm.c and include/hw/i386/microvm.h: the address of the first slot, bytes in each, its interrupt. */
    private static final int FIRST_ADDRESS = 0xfeb00000;

    private static final int SLOT_BYTES = 512;
    private static final int FIRST_INTERRUPT = 5;

    /** Conventional memory that neither QEMU's firmware nor a guest that stands still keeps anything in. */
    private static final int BELOW_FIRMWARE = 0x50000;

    /** What QEMU adds for every virtio slot in use, and a space. */
    private static final int ADDED_PER_DEVICE = place(VIRTIO_SLOTS - 1).length() + 1;

    @Override
    public String architecture() {
        return "amd64";
    }

    @Override
    public String program() {
        return "qemu-system-x86_64";
    }

    @Override
    public int mostDisks() {
        return VIRTIO_SLOTS - OTHER_DEVICES;
    }

    @Override
    public int longestKernelCommandLine() {
        return COMMAND_LINE_SIZE - 1 - VIRTIO_SLOTS * ADDED_PER_DEVICE - LEFT_FREE;
    }

    /** The kernels have no ACPI; and only without it does QEMU name the virtio devices on their command line. */
    @Override
    public String machine() {
        return "microvm,acpi=off";
    }

    /**
     * Under TCG all that QEMU can do, as its default is the first x86-64, for which many programs are no longer built; but
     * not erms, "enhanced rep movsb". Kernels and C libraries then copy and clear memory byte by byte, which is the
     * quickest way on a processor that has it and the slowest in translation: 4 times slower than by words.
     */
    @Override
    public String processor(Acceleration.Kind acceleration) {
        return acceleration == Acceleration.Kind.KVM ? "host" : "max,-erms";
    }

    @Override
    public List<String> kernelArguments(MachineLayout layout, MachineLayout.Kernel kernel) {
        var arguments = new ArrayList<String>();
        // The serial port is an emulated one: every character costs. A panic is printed all the same.
        arguments.add("console=ttyS0");
        arguments.add("quiet");
        // A triple fault is the only reset this machine knows; at once, so that a panic ends the machine.
        arguments.add("reboot=t");
        arguments.add("panic=-1");
        // There is no PCI; who looks for it prints an error, quiet or not.
        arguments.add("pci=off");
        if (layout.acceleration() == Acceleration.Kind.TCG) {
            withoutMeasuring(layout.processors(), kernel, arguments);
        }
        return arguments;
    }

    /** The one byte that QEMU insists on loading lies where the guest expects firmware. */
    @Override
    public byte[] entrance(long address) {
        return PvhExecutable.of(BELOW_FIRMWARE, new byte[4], Math.toIntExact(address));
    }

    /** QEMU names the slots in use on the kernel's command line, and without devices none is. */
    @Override
    public List<String> templateArguments() {
        var arguments = new ArrayList<String>();
        // Which would only have to be set up again.
        arguments.add("no_console_suspend");
        for (int slot = 0; slot < VIRTIO_SLOTS; slot++) {
            arguments.add(place(slot));
        }
        return arguments;
    }

    private static String place(int slot) {
        return "virtio_mmio.device=" + SLOT_BYTES + "@0x" + Integer.toHexString(FIRST_ADDRESS + slot * SLOT_BYTES) + ":"
                + (FIRST_INTERRUPT + slot);
    }

    /** Under TCG the kernel spends half of its start measuring clocks whose rates are known. With KVM it asks for them. */
    private static void withoutMeasuring(int processors, MachineLayout.Kernel kernel, List<String> arguments) {
        arguments.add("no_timer_check");
        arguments.add("noreplace-smp");
        if (kernel.capabilities().contains(LAPIC_TIMER_HZ)) {
            arguments.add("lapic_timer_hz=" + LAPIC_HERTZ);
        } else if (processors == 1) {
            // Leaves all timers to the PIT, which serves one processor only.
            arguments.add("noapictimer");
        }
        if (kernel.timeStampKilohertz().isPresent()) {
            arguments.add("tsc_early_khz=" + kernel.timeStampKilohertz().getAsLong());
            // The counter is the host's, which the host trusts; the kernel's own check takes a busy host for a bad
            // clock.
            arguments.add("tsc=reliable");
        }
    }
}
