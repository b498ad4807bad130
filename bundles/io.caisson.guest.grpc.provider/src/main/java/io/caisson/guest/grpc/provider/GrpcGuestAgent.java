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
import io.caisson.vsock.api.GuestTransport;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** caisson-init and the client of its gRPC protocol. */
@Component(property = {Provider.NAME + "=grpc", GuestAgent.ARCHITECTURES + "=amd64"})
public final class GrpcGuestAgent implements GuestAgent {
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
    public InitialRamdisk initialRamdisk(String architecture, GuestSecret secret) {
        if (!store.has(architecture)) {
            throw new CaissonException(
                    ErrorKind.UNSUPPORTED, "guest agent grpc carries no guest init for " + architecture);
        }
        Path archive = store.archive(architecture);
        try {
            return new SecretRamdisk(archive, secret);
        } catch (IOException e) {
            throw new CaissonException(ErrorKind.UNAVAILABLE, "reading the guest's initramfs " + archive, e);
        }
    }

    @Override
    public GuestSession connect(String name, GuestTransport transport, GuestSecret secret, Duration timeout)
            throws InterruptedException {
        var session = new GrpcGuestSession(name, transport, secret);
        try {
            if (!rehearsed.getAndSet(true)) {
                Rehearsal.run(name);
            }
            session.open(timeout);
            return session;
        } catch (InterruptedException | RuntimeException | Error e) {
            session.close();
            throw e;
        }
    }
}
