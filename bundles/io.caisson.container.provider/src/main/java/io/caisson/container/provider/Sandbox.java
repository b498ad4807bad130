package io.caisson.container.provider;

import io.caisson.guest.api.GuestSecret;
import io.caisson.guest.api.GuestSession;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.vm.api.VirtualMachine;
import io.caisson.vm.api.VirtualMachineExit;
import io.caisson.vsock.api.GuestTransport;
import io.caisson.vsock.api.VsockEndpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A virtual machine with its init: the session that the providers' objects of one start form. It belongs to the
 * container service, not to the bundles that made the parts, and outlives them. Containers live in a sandbox; today one
 * in each.
 */
final class Sandbox implements AutoCloseable {
    /** How long a machine that lost its guest may take until its monitor says why. */
    private static final Duration AFTERMATH = Duration.ofSeconds(2);

    private final String id;
    private final Path console;
    private final String agent;
    private final GuestSecret secret;
    private final VsockEndpoint endpoint;
    private final VirtualMachine machine;
    private final GuestSession session;
    private volatile boolean closed;

    /**
     * Takes over a machine that has come up.
     *
     * @param id names it in errors
     * @param console the console's log
     * @param agent the name of the guest agent that made the session
     */
    Sandbox(
            String id,
            Path console,
            String agent,
            GuestSecret secret,
            VsockEndpoint endpoint,
            VirtualMachine machine,
            GuestSession session) {
        this.id = id;
        this.console = console;
        this.agent = agent;
        this.secret = secret;
        this.endpoint = endpoint;
        this.machine = machine;
        this.session = session;
    }

    GuestSession session() {
        return session;
    }

    GuestTransport transport() {
        return endpoint;
    }

    String agent() {
        return agent;
    }

    GuestSecret secret() {
        return secret;
    }

    boolean isClosed() {
        return closed;
    }

    /**
     * What to throw for a failure of something in this sandbox: the failure itself, or, when the connection is lost
     * because the machine has ended, that with the console's last lines.
     */
    CaissonException explain(CaissonException failure) {
        if (failure.kind() != ErrorKind.UNAVAILABLE && failure.kind() != ErrorKind.CANCELLED) {
            return failure;
        }
        if (closed) {
            return new CaissonException(ErrorKind.UNAVAILABLE, "container " + id + " has been stopped", failure);
        }
        try {
            return machine.awaitExit(AFTERMATH)
                    .map(exit -> ended(id, exit, console, failure))
                    .orElse(failure);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return failure;
        }
    }

    /** The failure of whatever needed a machine that has ended. */
    static CaissonException ended(String id, VirtualMachineExit exit, Path console, @Nullable Throwable cause) {
        String how =
                switch (exit.cause()) {
                    case POWER_OFF -> "its guest powered off";
                    case GUEST_CRASH -> "its guest crashed";
                    case MONITOR_FAILURE -> "its monitor failed";
                    case CLOSED -> "it was ended";
                };
        List<String> tail = ConsoleLog.tail(console);
        return new CaissonException(
                        ErrorKind.UNAVAILABLE,
                        "the machine of container " + id + " is gone: " + how
                                + (exit.detail().isEmpty() ? "" : " (" + exit.detail() + ")")
                                + ConsoleLog.quote(tail),
                        cause)
                .with("console", String.join("\n", tail));
    }

    /**
     * Ends the machine at once: what a sandbox's disks hold is deleted with it, so there is nothing to flush. Idempotent;
     * returns when the machine's process is gone.
     */
    @Override
    public void close() {
        closed = true;
        try {
            session.close();
        } finally {
            try {
                machine.close();
            } finally {
                endpoint.close();
            }
        }
    }
}
