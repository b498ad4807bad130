package io.caisson.vsock.vhostuser.provider;

import io.caisson.host.linux.ffm.HostInfo;
import io.caisson.service.api.Availability;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.Provider;
import io.caisson.vsock.api.VsockAttachment;
import io.caisson.vsock.api.VsockEndpoint;
import io.caisson.vsock.api.VsockTransport;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** Serves vsock devices by the vhost-user protocol: this process is the device. */
@Component(
        configurationPid = "io.caisson.vsock.vhostuser",
        property = {
            Provider.NAME + "=" + VhostUserTransport.TECHNOLOGY,
            VsockTransport.ATTACHMENT + "=" + VsockAttachment.VhostUser.FORM
        })
public final class VhostUserTransport implements VsockTransport {
    static final String TECHNOLOGY = "vhost-user";

    /** The socket's name in the directory it is made in. */
    static final String SOCKET = "vsock.sock";

    /** How long a guest may take to acknowledge the end of a stream; as long as Linux gives its own peers. */
    static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(8);

    private final boolean trustMemory;

    /** The component's configuration. */
    public @interface Config {
        /**
         * Whether guest memory is mapped that its monitor could make smaller. Such a monitor can crash this JVM (SIGBUS)
         * and every sandbox in it: only for one that is trusted as much as the JVM itself and whose memory file nobody
         * else can open, as user-mode Linux needs, which does not seal it.
         */
        boolean trustUnsealedMemory() default false;
    }

    /** A transport. */
    @Activate
    public VhostUserTransport(Config config) {
        this(config.trustUnsealedMemory());
    }

    VhostUserTransport(boolean trustMemory) {
        this.trustMemory = trustMemory;
    }

    @Override
    public Availability availability() {
        return HostInfo.nativeAccess();
    }

    @Override
    public VsockEndpoint prepare(String name, Path directory) {
        SessionClasses.load();
        Path socket = directory.resolve(SOCKET);
        try {
            return VhostUserEndpoint.open(name, socket, trustMemory, CLOSE_TIMEOUT);
        } catch (IOException e) {
            throw new CaissonException(
                    ErrorKind.UNAVAILABLE,
                    "cannot make the vsock device of " + name + ": no socket in " + directory
                            + " (it must exist and belong to this user, and hold no " + SOCKET + ")",
                    e);
        }
    }
}
