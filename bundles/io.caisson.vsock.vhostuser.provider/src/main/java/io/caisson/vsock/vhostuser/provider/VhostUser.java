package io.caisson.vsock.vhostuser.provider;

/**
 * Numbers of the vhost-user protocol (QEMU, docs/interop/vhost-user.rst): the requests that are served, the layout of a
 * message, the feature bits. Messages are in the machine's byte order.
 */
final class VhostUser {
    // Message: u32 request, u32 flags, u32 payload size, payload ("Message Specification").
    static final int HEADER_BYTES = 12;
    static final int FLAGS_VERSION = 0x3;
    static final int VERSION = 0x1;
    static final int FLAG_REPLY = 0x4;
    static final int FLAG_NEED_REPLY = 0x8;

    /** The longest payload served is a memory table of eight regions; a configuration read may be as long. */
    static final int MAX_PAYLOAD = 512;

    /** "Number of memory regions" without CONFIGURE_MEM_SLOTS. */
    static final int MAX_REGIONS = 8;

    // "Front-end message types".
    static final int GET_FEATURES = 1;
    static final int SET_FEATURES = 2;
    static final int SET_OWNER = 3;
    static final int SET_MEM_TABLE = 5;
    static final int SET_VRING_NUM = 8;
    static final int SET_VRING_ADDR = 9;
    static final int SET_VRING_BASE = 10;
    static final int GET_VRING_BASE = 11;
    static final int SET_VRING_KICK = 12;
    static final int SET_VRING_CALL = 13;
    static final int SET_VRING_ERR = 14;
    static final int GET_PROTOCOL_FEATURES = 15;
    static final int SET_PROTOCOL_FEATURES = 16;
    static final int GET_QUEUE_NUM = 17;
    static final int SET_VRING_ENABLE = 18;
    static final int SET_BACKEND_REQ_FD = 21;
    static final int GET_CONFIG = 24;

    // "A vring descriptor": u64 with the queue's index and a mark for "no descriptor comes with this".
    static final long VRING_INDEX = 0xff;
    static final long VRING_NO_DESCRIPTOR = 0x100;

    /** VHOST_USER_F_PROTOCOL_FEATURES, among the virtio feature bits. */
    static final long F_PROTOCOL_FEATURES = 1L << 30;

    // "Protocol features".
    private static final long PROTOCOL_F_MQ = 1L;
    static final long PROTOCOL_F_REPLY_ACK = 1L << 3;
    private static final long PROTOCOL_F_BACKEND_REQ = 1L << 5;
    private static final long PROTOCOL_F_CONFIG = 1L << 9;

    /**
     * What is offered: 0x229. QEMU insists on CONFIG. User-mode Linux insists on BACKEND_REQ as well, and asks for the
     * number of queues. A feature offered without being served can stall a front-end for ever.
     */
    static final long PROTOCOL_FEATURES =
            PROTOCOL_F_MQ | PROTOCOL_F_REPLY_ACK | PROTOCOL_F_BACKEND_REQ | PROTOCOL_F_CONFIG;

    private VhostUser() {}

    /** A request as messages to people name it. */
    static String name(int request) {
        return switch (request) {
            case GET_FEATURES -> "GET_FEATURES";
            case SET_FEATURES -> "SET_FEATURES";
            case SET_OWNER -> "SET_OWNER";
            case SET_MEM_TABLE -> "SET_MEM_TABLE";
            case SET_VRING_NUM -> "SET_VRING_NUM";
            case SET_VRING_ADDR -> "SET_VRING_ADDR";
            case SET_VRING_BASE -> "SET_VRING_BASE";
            case GET_VRING_BASE -> "GET_VRING_BASE";
            case SET_VRING_KICK -> "SET_VRING_KICK";
            case SET_VRING_CALL -> "SET_VRING_CALL";
            case SET_VRING_ERR -> "SET_VRING_ERR";
            case GET_PROTOCOL_FEATURES -> "GET_PROTOCOL_FEATURES";
            case SET_PROTOCOL_FEATURES -> "SET_PROTOCOL_FEATURES";
            case GET_QUEUE_NUM -> "GET_QUEUE_NUM";
            case SET_VRING_ENABLE -> "SET_VRING_ENABLE";
            case SET_BACKEND_REQ_FD -> "SET_BACKEND_REQ_FD";
            case GET_CONFIG -> "GET_CONFIG";
            default -> "request " + request;
        };
    }
}
