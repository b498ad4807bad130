package io.caisson.vm.qemu.provider;

import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What QEMU's command line is made of. Descriptors are by their numbers in QEMU's process.
 *
 * @param name the machine's, in the host's process list
 * @param processors virtual processors
 * @param memoryMebibytes guest memory
 * @param memory the file that is the guest's memory
 * @param acceleration how guest code is executed
 * @param beginning how the machine begins
 * @param monitor the socket that speaks QMP
 * @param console what the guest's console is written to
 */
record MachineLayout(
        String name,
        int processors,
        long memoryMebibytes,
        int memory,
        Acceleration.Kind acceleration,
        Beginning beginning,
        int monitor,
        int console) {
    /** How a machine begins. */
    sealed interface Beginning {
        /** It boots and has its devices from the first. */
        record Boot(Kernel kernel, Devices devices) implements Beginning {}

        /** It boots without devices, for others to go on from. */
        record Template(Kernel kernel) implements Beginning {}

        /**
         * It goes on where another stood still.
         *
         * @param entrance a program that is no more than the address to go on at
         * @param saved when the other stood still
         */
        record Resume(int entrance, Instant saved, Devices devices) implements Beginning {}
    }

    /**
     * What boots.
     *
     * @param image the kernel's
     * @param ramdisk the initial RAM disk
     * @param capabilities what the kernel has built in
     * @param arguments what the kernel and the caller want on its command line
     * @param timeStampKilohertz the rate of the time stamp counter that the guest will see, where it is known
     */
    record Kernel(
            int image, int ramdisk, Set<String> capabilities, List<String> arguments, OptionalLong timeStampKilohertz) {
        Kernel {
            capabilities = Set.copyOf(capabilities);
            arguments = List.copyOf(arguments);
        }
    }

    /**
     * What the guest works with.
     *
     * @param vsock the connection to the vhost-user vsock device
     * @param disks the disks, by block slot
     */
    record Devices(int vsock, List<Disk> disks) {
        Devices {
            disks = List.copyOf(disks);
        }
    }

    /**
     * A disk.
     *
     * @param descriptor open for reading, or for reading and writing
     * @param readOnly whether the guest may not write
     */
    record Disk(int descriptor, boolean readOnly) {}
}
