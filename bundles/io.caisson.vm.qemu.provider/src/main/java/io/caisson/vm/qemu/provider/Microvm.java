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

    /** hw/i386/microvm.c adds this for every virtio slot in use, and a space. */
    private static final int ADDED_PER_DEVICE = "virtio_mmio.device=512@0xfeb00000:10 ".length();

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
        return COMMAND_LINE_SIZE - 1 - VIRTIO_SLOTS * ADDED_PER_DEVICE;
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
    public List<String> kernelArguments(MachineLayout layout) {
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
            withoutMeasuring(layout, arguments);
        }
        return arguments;
    }

    /** Under TCG the kernel spends half of its start measuring clocks whose rates are known. With KVM it asks for them. */
    private static void withoutMeasuring(MachineLayout layout, List<String> arguments) {
        arguments.add("no_timer_check");
        arguments.add("noreplace-smp");
        if (layout.kernelCapabilities().contains(LAPIC_TIMER_HZ)) {
            arguments.add("lapic_timer_hz=" + LAPIC_HERTZ);
        } else if (layout.processors() == 1) {
            // Leaves all timers to the PIT, which serves one processor only.
            arguments.add("noapictimer");
        }
        if (layout.timeStampKilohertz().isPresent()) {
            arguments.add("tsc_early_khz=" + layout.timeStampKilohertz().getAsLong());
            // The counter is the host's, which the host trusts; the kernel's own check takes a busy host for a bad
            // clock.
            arguments.add("tsc=reliable");
        }
    }
}
