package io.caisson.grpc.library;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.StatusOr;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.util.Collection;
import java.util.List;

/**
 * The only name resolver in this bundle: whatever a channel's target, its address is a placeholder, for the channel's
 * socket factory alone knows where the connection leads. It stands in for grpc-core's DNS resolver, which a cold JVM
 * pays for with JNDI and which would look up a name.
 */
public final class PeerNameResolverProvider extends NameResolverProvider {
    private static final int PRIORITY = 5;

    /** For the service loader. */
    public PeerNameResolverProvider() {}

    @Override
    protected boolean isAvailable() {
        return true;
    }

    @Override
    protected int priority() {
        return PRIORITY;
    }

    @Override
    public String getDefaultScheme() {
        return "peer";
    }

    @Override
    public Collection<Class<? extends SocketAddress>> getProducedSocketAddressTypes() {
        return List.of(InetSocketAddress.class);
    }

    @Override
    public NameResolver newNameResolver(URI target, NameResolver.Args args) {
        return new PeerNameResolver();
    }

    private static final class PeerNameResolver extends NameResolver {
        @Override
        public String getServiceAuthority() {
            return "peer";
        }

        @Override
        public void start(Listener2 listener) {
            var placeholder = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
            listener.onResult2(ResolutionResult.newBuilder()
                    .setAddressesOrError(StatusOr.fromValue(List.of(new EquivalentAddressGroup(placeholder))))
                    .build());
        }

        @Override
        public void shutdown() {}
    }
}
