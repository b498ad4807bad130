package io.caisson.vsock.vhostuser.provider;

import io.caisson.host.linux.ffm.Descriptor;
import io.caisson.host.linux.ffm.UnixSocket;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * The connection to the virtual machine monitor: whole vhost-user messages in, answers out, without ever waiting for a
 * peer that sends half a message or does not read its answers. For the device thread alone.
 */
final class FrontEnd implements AutoCloseable {
    /** No request carries more descriptors than a memory table of eight regions. */
    private static final int MAX_DESCRIPTORS = VhostUser.MAX_REGIONS;

    private static final int FLAGS = 4;
    private static final int SIZE = 8;

    private final UnixSocket socket;
    private final byte[] bytes = new byte[VhostUser.HEADER_BYTES + VhostUser.MAX_PAYLOAD];
    private final MemorySegment segment = MemorySegment.ofArray(bytes);
    private final ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    private final List<Descriptor> descriptors = new ArrayList<>();
    private int have;

    FrontEnd(UnixSocket socket) {
        this.socket = socket;
    }

    /** For epoll. */
    Descriptor descriptor() {
        return socket.descriptor();
    }

    /**
     * Reads on in the message that is under way. Exactly as much as belongs to it is read, so descriptors never belong
     * to the message after.
     *
     * @return true when it is complete: use it, then call {@link #next}
     * @throws EOFException the monitor has closed its end
     * @throws IOException the message is not one, or reading failed
     */
    boolean receive() throws IOException {
        int want = wanted();
        while (have < want) {
            int n = socket.tryReceive(segment.asSlice(have, want - have), descriptors);
            if (n == 0) {
                return false;
            }
            if (n < 0) {
                throw new EOFException("the virtual machine monitor closed its connection");
            }
            have += n;
            if (descriptors.size() > MAX_DESCRIPTORS) {
                throw new IOException(VhostUser.name(request()) + " with " + descriptors.size() + " descriptors");
            }
            want = wanted();
        }
        return true;
    }

    private int wanted() throws IOException {
        if (have < VhostUser.HEADER_BYTES) {
            return VhostUser.HEADER_BYTES;
        }
        int flags = buffer.getInt(FLAGS);
        if ((flags & VhostUser.FLAGS_VERSION) != VhostUser.VERSION || (flags & VhostUser.FLAG_REPLY) != 0) {
            throw new IOException(VhostUser.name(request()) + " with flags 0x" + Integer.toHexString(flags));
        }
        int size = size();
        if (size < 0 || size > VhostUser.MAX_PAYLOAD) {
            throw new IOException(
                    VhostUser.name(request()) + " with " + Integer.toUnsignedString(size) + " bytes of payload");
        }
        return VhostUser.HEADER_BYTES + size;
    }

    int request() {
        return buffer.getInt(0);
    }

    private int size() {
        return buffer.getInt(SIZE);
    }

    boolean needsReply() {
        return (buffer.getInt(FLAGS) & VhostUser.FLAG_NEED_REPLY) != 0;
    }

    /**
     * The payload, valid until {@link #next}.
     *
     * @param atLeast how many bytes the request must have
     * @throws IOException it has fewer
     */
    ByteBuffer payload(int atLeast) throws IOException {
        if (size() < atLeast) {
            throw new IOException("a payload of " + size() + " bytes, needs " + atLeast);
        }
        return buffer.slice(VhostUser.HEADER_BYTES, size()).order(ByteOrder.nativeOrder());
    }

    /** The descriptors that came with the message. They stay this object's, see {@link #takeDescriptor}. */
    List<Descriptor> descriptors() {
        return List.copyOf(descriptors);
    }

    /**
     * The one descriptor that came with the message; from now on the caller's.
     *
     * @throws IOException there was none, or more than one
     */
    Descriptor takeDescriptor() throws IOException {
        if (descriptors.size() != 1) {
            throw new IOException(descriptors.size() + " descriptors, needs 1");
        }
        return descriptors.removeFirst();
    }

    /** Ends the message; descriptors that nobody took are closed. */
    void next() {
        have = 0;
        closeDescriptors();
    }

    private void closeDescriptors() {
        for (Descriptor each : descriptors) {
            each.close();
        }
        descriptors.clear();
    }

    /** An answer buffer for {@link #reply}, in the machine's byte order. */
    ByteBuffer answer(int payloadBytes) {
        return ByteBuffer.allocate(VhostUser.HEADER_BYTES + payloadBytes)
                .order(ByteOrder.nativeOrder())
                .putInt(request())
                .putInt(VhostUser.VERSION | VhostUser.FLAG_REPLY)
                .putInt(payloadBytes);
    }

    /** Answers with one number. */
    void reply(long value) throws IOException {
        reply(answer(Long.BYTES).putLong(value));
    }

    /** Sends what {@link #answer} made, filled. */
    void reply(ByteBuffer answer) throws IOException {
        MemorySegment whole = MemorySegment.ofBuffer(answer.flip());
        int sent = socket.trySend(whole);
        // Answers are small: a socket buffer that cannot take one whole holds hundreds that were never read.
        if (sent != whole.byteSize()) {
            throw new IOException("the virtual machine monitor does not read its answers");
        }
    }

    @Override
    public void close() {
        closeDescriptors();
        socket.close();
    }
}
