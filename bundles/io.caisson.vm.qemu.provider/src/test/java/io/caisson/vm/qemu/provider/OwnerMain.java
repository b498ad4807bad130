package io.caisson.vm.qemu.provider;

import java.nio.file.Path;

/** Owns a machine until it is killed: a process of its own for {@link QemuMachineVmIT}. */
final class OwnerMain {
    private OwnerMain() {}

    /** Arguments: a directory with a kernel of {@link TestGuest}'s, and where the machine's files go. */
    public static void main(String[] arguments) throws Exception {
        var machines = new TestMachines(Path.of(arguments[0]), Path.of(arguments[1]));
        QemuMachine machine = machines.start("owned", spec -> {});
        machines.awaitConsole("owned", TestGuest.READY);
        System.out.println(machine.processId());
        System.out.flush();
        Thread.sleep(Long.MAX_VALUE);
    }
}
