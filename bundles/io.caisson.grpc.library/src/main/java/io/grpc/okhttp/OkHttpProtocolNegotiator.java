package io.grpc.okhttp;

import io.grpc.okhttp.internal.Protocol;
import java.util.List;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * Stands in this bundle for the class of the same name of grpc-okhttp, which prepares TLS as soon as any channel is
 * built: it reads the JDK's trusted certificates and sets up an engine, which takes a cold JVM 0.2 s of a processor.
 * Caisson's channels run over streams that end in a guest of its own; nothing here speaks TLS.
 */
class OkHttpProtocolNegotiator {
    private static final OkHttpProtocolNegotiator INSTANCE = new OkHttpProtocolNegotiator();

    static OkHttpProtocolNegotiator get() {
        return INSTANCE;
    }

    @SuppressWarnings("unused") // the signature that OkHttpTlsUpgrader calls
    public String negotiate(SSLSocket socket, String hostname, @Nullable List<Protocol> protocols) {
        throw new UnsupportedOperationException("this bundle carries gRPC without TLS");
    }

    /** What OkHttpChannelBuilder compares with; never made. */
    static final class AndroidNegotiator extends OkHttpProtocolNegotiator {}
}
