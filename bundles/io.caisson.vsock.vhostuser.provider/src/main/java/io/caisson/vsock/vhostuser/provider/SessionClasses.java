package io.caisson.vsock.vhostuser.provider;

import java.lang.invoke.MethodHandles;

/**
 * The classes that an endpoint may need at any time in its life. They are loaded before it is handed out, because the
 * bundle may be gone when they are needed.
 */
final class SessionClasses {
    private static final Class<?>[] ALL = {
        Connection.class,
        Connection.Answer.class,
        Connection.Input.class,
        Connection.Output.class,
        Connections.class,
        Connections.Key.class,
        Device.class,
        DeviceThread.class,
        FrontEnd.class,
        Listener.class,
        MemoryTable.class,
        Negotiation.class,
        ReceiveBuffer.class,
        ReceiveBuffer.BufferPool.class,
        ReceiveQueue.class,
        ReceiveQueue.Control.class,
        TransmitQueue.class,
        VhostUser.class,
        VhostUserEndpoint.class,
        Vring.class
    };

    private SessionClasses() {}

    static Class<?>[] all() {
        return ALL.clone();
    }

    /** Loads and initialises all of them; takes microseconds after the first time. */
    static void load() {
        MethodHandles.Lookup lookup = MethodHandles.lookup();
        try {
            for (Class<?> each : ALL) {
                lookup.ensureInitialized(each);
            }
        } catch (IllegalAccessException e) {
            // They are in this package.
            throw new IllegalStateException(e);
        }
    }
}
