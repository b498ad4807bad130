package io.caisson.guest.grpc.provider;

import io.caisson.guest.api.GuestAgent;
import io.caisson.guest.api.GuestSecret;
import io.caisson.guest.api.GuestSession;
import io.caisson.service.api.Availability;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.FrameworkProperties;
import io.caisson.service.api.Platform;
import io.caisson.service.api.Provider;
import io.caisson.vm.api.InitialRamdisk;
import io.caisson.vm.api.Standstill;
import io.caisson.vsock.api.GuestTransport;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** caisson-init and the client of its gRPC protocol. */
@Component(property = {Provider.NAME + "=grpc", GuestAgent.ARCHITECTURES + "=amd64"})
public final class GrpcGuestAgent implements GuestAgent {
    /** As guest.proto says under "Templates". */
    private static final Standstill STANDSTILL = new Standstill("caisson-init: waiting for devices", 0x60000);

    private final InitramfsStore store;
    private final AtomicBoolean rehearsed = new AtomicBoolean();

    /** For the framework. */
    @Activate
    public GrpcGuestAgent(BundleContext context) {
        this(FrameworkProperties.home(context.getProperty(FrameworkProperties.HOME)));
    }

    GrpcGuestAgent(Path home) {
        store = new InitramfsStore(home, GrpcGuestAgent.class);
    }

    @Override
    public Availability availability() {
        String architecture = Platform.host().architecture();
        return store.has(architecture)
                ? Availability.yes()
                : Availability.no(
                        "this bundle carries no guest init for " + architecture,
                        "run an image of another architecture, or install a guest bundle for " + architecture);
    }

    @Override
    public Optional<Standstill> standstill(String architecture) {
        return architecture.equals("amd64") ? Optional.of(STANDSTILL) : Optional.empty();
    }

    @Override
    public InitialRamdisk initialRamdisk(String architecture, GuestSecret secret) {
        if (!store.has(architecture)) {
            throw new CaissonException(
                    ErrorKind.UNSUPPORTED, "guest agent grpc carries no guest init for " + architecture);
        }
        Path archive = store.archive(architecture);
        try {
            return new SecretRamdisk(archive, store.digest(architecture), secret);
        } catch (IOException e) {
            throw new CaissonException(ErrorKind.UNAVAILABLE, "reading the guest's initramfs " + archive, e);
        }
    }

    @Override
    public GuestSession connect(String name, GuestTransport transport, GuestSecret secret, Duration timeout)
            throws InterruptedException {
        return open(new GrpcGuestSession(name, transport, secret), session -> session.open(timeout));
    }

    @Override
    public GuestSession adopt(
            String name, GuestTransport transport, GuestSecret first, GuestSecret own, Duration timeout)
            throws InterruptedException {
        return open(new GrpcGuestSession(name, transport, first), session -> session.open(own, timeout));
    }

    /** How a session is opened. */
    private interface Opening {
        void open(GrpcGuestSession session) throws InterruptedException;
    }

    private GuestSession open(GrpcGuestSession session, Opening opening) throws InterruptedException {
        try {
            if (!rehearsed.getAndSet(true)) {
                Rehearsal.run(session.name());
            }
            opening.open(session);
            return session;
        } catch (InterruptedException | RuntimeException | Error e) {
            session.close();
            throw e;
        }
    }
}
