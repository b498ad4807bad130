package io.caisson.virtio.library;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The header of a vsock packet: {@code struct virtio_vsock_hdr} (VIRTIO 1.2, section 5.10.6), 44 bytes, little-endian.
 * Holds its own copy of the bytes; made once and used for every packet.
 *
 * <p>Ports, lengths and counters are unsigned 32-bit numbers in an {@code int}. Not supported: the SEQPACKET type.
 */
public final class VsockHeader {
    /** The header's size. */
    public static final int BYTES = 44;

    /** The host's context id (section 5.10.4). */
    public static final long HOST_CID = 2;

    /** The only socket type served (section 5.10.6): a byte stream. */
    public static final int TYPE_STREAM = 1;

    /** Asks for a connection. */
    public static final int OP_REQUEST = 1;

    /** Accepts one. */
    public static final int OP_RESPONSE = 2;

    /** Refuses or ends one. */
    public static final int OP_RST = 3;

    /** Says, by {@link #SHUTDOWN_RECEIVE} and {@link #SHUTDOWN_SEND}, what the sender will not do any more. */
    public static final int OP_SHUTDOWN = 4;

    /** Carries payload. */
    public static final int OP_RW = 5;

    /** Tells the sender's buf_alloc and fwd_cnt. */
    public static final int OP_CREDIT_UPDATE = 6;

    /** Asks for a credit update. */
    public static final int OP_CREDIT_REQUEST = 7;

    /** Flag of {@link #OP_SHUTDOWN}: the sender will not receive any more. */
    public static final int SHUTDOWN_RECEIVE = 1;

    /** Flag of {@link #OP_SHUTDOWN}: the sender will not send any more. */
    public static final int SHUTDOWN_SEND = 2;

    /** Both flags of {@link #OP_SHUTDOWN}. */
    public static final int SHUTDOWN_BOTH = SHUTDOWN_RECEIVE | SHUTDOWN_SEND;

    private static final VarHandle LE16 = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LE32 = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LE64 = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int SRC_CID = 0;
    private static final int DST_CID = 8;
    private static final int SRC_PORT = 16;
    private static final int DST_PORT = 20;
    private static final int LEN = 24;
    private static final int TYPE = 28;
    private static final int OP = 30;
    private static final int FLAGS = 32;
    private static final int BUF_ALLOC = 36;
    private static final int FWD_CNT = 40;

    private final byte[] bytes = new byte[BYTES];

    /**
     * Copies a packet's header.
     *
     * @throws VirtioFormatException when the chain is too short for a header or for the payload it announces
     */
    public void readFrom(DescriptorChain chain) throws VirtioFormatException {
        long there = chain.readableBytes();
        if (there < BYTES) {
            throw new VirtioFormatException(
                    "vsock packet", chain.head(), 0, "a chain of " + there + " bytes has no room for a header");
        }
        chain.read(0, bytes, 0, BYTES);
        long payload = len() & 0xffffffffL;
        if (payload > there - BYTES) {
            throw new VirtioFormatException(
                    "vsock packet",
                    chain.head(),
                    LEN,
                    "announces " + payload + " bytes of payload in a chain of " + (there - BYTES));
        }
    }

    /**
     * Copies the header to the front of a chain's writable bytes.
     *
     * @throws VirtioFormatException when the chain is too short
     */
    public void writeTo(DescriptorChain chain) throws VirtioFormatException {
        if (chain.writableBytes() < BYTES) {
            throw new VirtioFormatException(
                    "vsock packet",
                    chain.head(),
                    0,
                    "a buffer of " + chain.writableBytes() + " bytes has no room for a header");
        }
        chain.write(0, bytes, 0, BYTES);
    }

    /** Sets who sends to whom; the type becomes a stream's. */
    public void address(long srcCid, int srcPort, long dstCid, int dstPort) {
        LE64.set(bytes, SRC_CID, srcCid);
        LE64.set(bytes, DST_CID, dstCid);
        LE32.set(bytes, SRC_PORT, srcPort);
        LE32.set(bytes, DST_PORT, dstPort);
        LE16.set(bytes, TYPE, (short) TYPE_STREAM);
    }

    /** Sets what the packet is for. */
    public void operation(int op, int flags, int len) {
        LE16.set(bytes, OP, (short) op);
        LE32.set(bytes, FLAGS, flags);
        LE32.set(bytes, LEN, len);
    }

    /** Sets the sender's credit: the size of its buffer and how much it has taken out of it, modulo 2^32. */
    public void credit(int bufAlloc, int fwdCnt) {
        LE32.set(bytes, BUF_ALLOC, bufAlloc);
        LE32.set(bytes, FWD_CNT, fwdCnt);
    }

    /** The sender's context id. */
    public long srcCid() {
        return (long) LE64.get(bytes, SRC_CID);
    }

    /** The receiver's context id. */
    public long dstCid() {
        return (long) LE64.get(bytes, DST_CID);
    }

    /** The sender's port. */
    public int srcPort() {
        return (int) LE32.get(bytes, SRC_PORT);
    }

    /** The receiver's port. */
    public int dstPort() {
        return (int) LE32.get(bytes, DST_PORT);
    }

    /** Bytes of payload after the header. */
    public int len() {
        return (int) LE32.get(bytes, LEN);
    }

    /** The socket's type. */
    public int type() {
        return (short) LE16.get(bytes, TYPE) & 0xffff;
    }

    /** What the packet is for: one of the OP constants, or anything else. */
    public int op() {
        return (short) LE16.get(bytes, OP) & 0xffff;
    }

    /** The operation's flags. */
    public int flags() {
        return (int) LE32.get(bytes, FLAGS);
    }

    /** Size of the sender's receive buffer. */
    public int bufAlloc() {
        return (int) LE32.get(bytes, BUF_ALLOC);
    }

    /** How many bytes the sender has taken out of its receive buffer, modulo 2^32. */
    public int fwdCnt() {
        return (int) LE32.get(bytes, FWD_CNT);
    }
}
