package io.caisson.vm.api;

import java.time.Duration;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/** A started virtual machine. Safe for use by any number of threads. */
@ConsumerType
public interface VirtualMachine extends AutoCloseable {
    /** The id it was started with. */
    String id();

    /** The process id of its monitor on the host. */
    long processId();

    /**
     * How the guest tells the disk in a slot from the others: its serial number.
     *
     * @throws io.caisson.service.api.CaissonException NOT_FOUND when the machine has no such slot
     */
    String diskSerial(int slot);

    /**
     * Its guest has answered its owner, so it has come up. Who never says so of a machine that ends has its provider doubt
     * whatever it kept to start it from.
     */
    default void answered() {}

    /** How the machine ended; empty while it runs. */
    Optional<VirtualMachineExit> exit();

    /** Waits until the machine has ended, at most for the time given; empty when it still runs then. */
    Optional<VirtualMachineExit> awaitExit(Duration timeout) throws InterruptedException;

    /** A further capability of this machine, announced in {@link VirtualMachineProvider#CAPABILITIES}. */
    <T> Optional<T> as(Class<T> capability);

    /**
     * Ends the machine at once, as by pulling its plug, and releases all it holds. Idempotent; returns when the
     * monitor's process is gone, within 5 seconds.
     */
    @Override
    void close();
}
