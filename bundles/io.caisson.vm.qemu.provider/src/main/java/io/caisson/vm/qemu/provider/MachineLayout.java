package io.caisson.vm.qemu.provider;

import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What QEMU's command line is made of. Descriptors are by their numbers in QEMU's process.
 *
 * @param name the machine's, in the host's process list
 * @param processors virtual processors
 * @param memoryMebibytes guest memory
 * @param acceleration how guest code is executed
 * @param timeStampKilohertz the rate of the time stamp counter that the guest will see, where it is known
 * @param kernelCapabilities what the kernel has built in
 * @param kernelArguments what the kernel and the caller want on its command line
 * @param kernel the kernel's image
 * @param ramdisk the initial RAM disk
 * @param monitor the socket that speaks QMP
 * @param console what the guest's console is written to
 * @param vsock the connection to the vhost-user vsock device
 * @param disks the disks, by block slot
 */
record MachineLayout(
        String name,
        int processors,
        long memoryMebibytes,
        Acceleration.Kind acceleration,
        OptionalLong timeStampKilohertz,
        Set<String> kernelCapabilities,
        List<String> kernelArguments,
        int kernel,
        int ramdisk,
        int monitor,
        int console,
        int vsock,
        List<Disk> disks) {
    MachineLayout {
        kernelCapabilities = Set.copyOf(kernelCapabilities);
        kernelArguments = List.copyOf(kernelArguments);
        disks = List.copyOf(disks);
    }

    /**
     * A disk.
     *
     * @param descriptor open for reading, or for reading and writing
     * @param readOnly whether the guest may not write
     */
    record Disk(int descriptor, boolean readOnly) {}
}
