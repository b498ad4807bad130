package io.caisson.vm.qemu.provider;

import java.util.List;

/** How QEMU becomes a machine of one architecture, and what a kernel has to be told on it. */
interface MachineType {
    /** The guest's architecture, in OCI terms. */
    String architecture();

    /** QEMU's program for it. */
    String program();

    /** Disks that fit beside the other devices. */
    int mostDisks();

    /** The longest kernel command line that the architecture's kernels take, without what QEMU adds. */
    int longestKernelCommandLine();

    /** The value of {@code -machine}, without the memory back end. */
    String machine();

    /** The value of {@code -cpu}. */
    String processor(Acceleration.Kind acceleration);

    /** The kernel arguments this machine wants. */
    List<String> kernelArguments(MachineLayout layout, MachineLayout.Kernel kernel);

    /**
     * A program to start in a kernel's place that is no more than its entry point.
     *
     * @param address physical, below 4 GiB
     */
    byte[] entrance(long address);

    /** Further ones for a machine without devices, that others will go on from with some. */
    List<String> templateArguments();
}
