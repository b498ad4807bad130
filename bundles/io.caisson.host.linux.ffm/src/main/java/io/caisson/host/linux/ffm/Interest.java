package io.caisson.host.linux.ffm;

/**
 * What {@link Epoll} is to report of a descriptor, and how, epoll(7). Errors and hang-up are always reported. Immutable.
 */
public final class Interest {
    /** Reading would not block: data, the end of the stream, or a connection to accept. */
    public static final Interest READ = new Interest(EventCalls.EPOLLIN | EventCalls.EPOLLRDHUP);

    /** Writing would not block. */
    public static final Interest WRITE = new Interest(EventCalls.EPOLLOUT);

    /** Both. */
    public static final Interest READ_WRITE = new Interest(READ.bits | WRITE.bits);

    /** Errors and hang-up alone. */
    public static final Interest NONE = new Interest(0);

    private final int bits;

    private Interest(int bits) {
        this.bits = bits;
    }

    /** The same, reported once for each change and not as long as it holds. */
    public Interest edgeTriggered() {
        return new Interest(bits | EventCalls.EPOLLET);
    }

    /** The same, reported once and then not until {@link Epoll#modify} asks again. */
    public Interest oneShot() {
        return new Interest(bits | EventCalls.EPOLLONESHOT);
    }

    /** The {@code EPOLL*} bits. */
    int bits() {
        return bits;
    }
}
