package io.caisson.vsock.vhostuser.provider;

import java.util.Collection;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The connections of one device, by their pair of ports. Safe for any number of threads, but for {@link #find}. */
final class Connections {
    /** A guest and its host together have no more at once; further ones are refused. */
    static final int MAX = 4096;

    // Host ports of outgoing streams: high, so that they stay clear of ports that are listened on.
    private static final int FIRST_PORT = 0x4000_0000;
    private static final int PORT_MASK = 0x3fff_ffff;

    private final ConcurrentHashMap<Key, Connection> table = new ConcurrentHashMap<>();
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicInteger nextPort = new AtomicInteger();
    private final Key probe = new Key(0, 0);

    /** A pair of ports. Mutable for {@link Connections#find} alone, which never puts its own into the table. */
    static final class Key implements Comparable<Key> {
        private int hostPort;
        private int guestPort;

        Key(int hostPort, int guestPort) {
            this.hostPort = hostPort;
            this.guestPort = guestPort;
        }

        int hostPort() {
            return hostPort;
        }

        int guestPort() {
            return guestPort;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Key key && key.hostPort == hostPort && key.guestPort == guestPort;
        }

        @Override
        public int hashCode() {
            return (hostPort * 31 + guestPort) * 0x9e3779b9;
        }

        /** Keeps look-ups short when a guest picks ports that collide. */
        @Override
        public int compareTo(Key other) {
            int ports = Integer.compare(hostPort, other.hostPort);
            return ports != 0 ? ports : Integer.compare(guestPort, other.guestPort);
        }
    }

    /** A host port for a new outgoing stream. */
    int pickPort(int guestPort) {
        int port;
        do {
            port = FIRST_PORT + (nextPort.getAndIncrement() & PORT_MASK);
        } while (table.containsKey(new Key(port, guestPort)));
        return port;
    }

    /** Adds one; false when there are too many. */
    boolean add(Connection connection) {
        if (count.incrementAndGet() > MAX) {
            count.decrementAndGet();
            return false;
        }
        table.put(connection.key(), connection);
        return true;
    }

    /** The device thread: allocates nothing. */
    @Nullable
    Connection find(int hostPort, int guestPort) {
        probe.hostPort = hostPort;
        probe.guestPort = guestPort;
        return table.get(probe);
    }

    boolean contains(Connection connection) {
        return table.get(connection.key()) == connection;
    }

    /** Removes one; false when it was not there. */
    boolean remove(Connection connection) {
        boolean removed = table.remove(connection.key(), connection);
        if (removed) {
            count.decrementAndGet();
        }
        return removed;
    }

    /** A live view. */
    Collection<Connection> all() {
        return table.values();
    }
}
