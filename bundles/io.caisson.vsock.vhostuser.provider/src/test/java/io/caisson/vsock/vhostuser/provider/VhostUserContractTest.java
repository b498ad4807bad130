package io.caisson.vsock.vhostuser.provider;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.caisson.vsock.api.VsockAttachment;
import io.caisson.vsock.api.VsockEndpoint;
import io.caisson.vsock.api.VsockTransport;
import io.caisson.vsock.testkit.GuestPeer;
import io.caisson.vsock.testkit.VsockTransportContract;
import java.io.IOException;
import java.nio.file.Path;

/** The suite of every transport, with a guest driver written in Java and every feature that Linux negotiates. */
class VhostUserContractTest extends VsockTransportContract {
    @Override
    protected VsockTransport transport() {
        return new VhostUserTransport(false);
    }

    static Path socket(VsockEndpoint endpoint) {
        return assertInstanceOf(VsockAttachment.VhostUser.class, endpoint.attachment())
                .socket();
    }

    @Override
    protected GuestPeer boot(VsockEndpoint endpoint) throws IOException, InterruptedException {
        return TestGuest.boot(new TestMonitor(socket(endpoint)), TestMonitor.FEATURES);
    }

    @Override
    protected long largeStreamBytes() {
        return 1L << 30;
    }
}
