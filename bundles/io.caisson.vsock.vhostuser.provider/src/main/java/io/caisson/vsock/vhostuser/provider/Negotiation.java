package io.caisson.vsock.vhostuser.provider;

import io.caisson.host.linux.ffm.Descriptor;
import io.caisson.virtio.library.SplitVirtqueue;
import io.caisson.virtio.library.VirtioFeatures;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * What the monitor asks of the device: features, memory, queues, configuration. Every request is validated; one that is
 * wrong, or not known, is an exception that ends the device. For the device thread alone.
 *
 * <p>Not served: migration logs, in-flight tracking, memory slots, in-band kicks, status.
 */
final class Negotiation implements AutoCloseable {
    private static final long OFFERED = VirtioFeatures.VERSION_1
            | VirtioFeatures.INDIRECT_DESC
            | VirtioFeatures.EVENT_IDX
            | VhostUser.F_PROTOCOL_FEATURES;

    /** The device's configuration is the guest's context id, le64 (VIRTIO 1.2, section 5.10.4). */
    private static final int CONFIG_BYTES = 8;

    private final Device device;
    private final TransmitQueue transmit;
    private final boolean trustMemory;
    private long features;
    private long protocolFeatures;
    private @Nullable MemoryTable table;
    /** Kept open because the monitor takes its end for an error; nothing is ever sent. */
    private @Nullable Descriptor backendRequests;

    Negotiation(Device device, TransmitQueue transmit, boolean trustMemory) {
        this.device = device;
        this.transmit = transmit;
        this.trustMemory = trustMemory;
    }

    /** Does what the front-end's current message asks and answers it. */
    void handle(FrontEnd message) throws IOException {
        int request = message.request();
        boolean answered;
        device.lock.lock();
        try {
            answered = serve(request, message);
        } catch (IOException e) {
            throw new IOException(VhostUser.name(request) + ": " + e.getMessage(), e);
        } finally {
            device.lock.unlock();
            message.next();
        }
        if (!answered && message.needsReply() && (protocolFeatures & VhostUser.PROTOCOL_F_REPLY_ACK) != 0) {
            message.reply(0);
        }
    }

    /** @return whether the request was answered */
    private boolean serve(int request, FrontEnd message) throws IOException {
        switch (request) {
            case VhostUser.GET_FEATURES -> message.reply(OFFERED);
            case VhostUser.GET_PROTOCOL_FEATURES -> message.reply(VhostUser.PROTOCOL_FEATURES);
            case VhostUser.GET_QUEUE_NUM -> message.reply(Device.QUEUES);
            case VhostUser.GET_VRING_BASE -> stopRing(message);
            case VhostUser.GET_CONFIG -> readConfig(message);
            default -> {
                set(request, message);
                return false;
            }
        }
        return true;
    }

    private void set(int request, FrontEnd message) throws IOException {
        switch (request) {
            case VhostUser.SET_OWNER -> {
                // One front-end is all there ever is.
            }
            case VhostUser.SET_FEATURES -> features = offered(message, OFFERED);
            case VhostUser.SET_PROTOCOL_FEATURES -> protocolFeatures = offered(message, VhostUser.PROTOCOL_FEATURES);
            case VhostUser.SET_MEM_TABLE -> replaceMemory(message);
            case VhostUser.SET_VRING_NUM ->
                ring(message).size(message.payload(8).getInt(4));
            case VhostUser.SET_VRING_BASE -> base(message);
            case VhostUser.SET_VRING_ADDR -> addresses(message);
            case VhostUser.SET_VRING_KICK -> kick(message);
            case VhostUser.SET_VRING_CALL -> call(message);
            case VhostUser.SET_VRING_ERR -> ringDescriptor(message, true);
            case VhostUser.SET_VRING_ENABLE -> enable(message);
            case VhostUser.SET_BACKEND_REQ_FD -> {
                closeBackendRequests();
                backendRequests = message.takeDescriptor();
            }
            default -> throw new IOException("not known here");
        }
    }

    private static long offered(FrontEnd message, long offer) throws IOException {
        long value = message.payload(8).getLong(0);
        if ((value & ~offer) != 0) {
            throw new IOException(
                    "0x" + Long.toHexString(value) + " was not offered, 0x" + Long.toHexString(offer) + " was");
        }
        return value;
    }

    /** The ring whose index is the payload's first number. */
    private Vring ring(FrontEnd message) throws IOException {
        return ring(Integer.toUnsignedLong(message.payload(8).getInt(0)));
    }

    private Vring ring(long index) throws IOException {
        if (index >= Device.QUEUES) {
            throw new IOException("there is no queue " + index);
        }
        return device.vrings[(int) index];
    }

    /** The ring that a message with a descriptor is for. */
    private Vring describedRing(FrontEnd message) throws IOException {
        return ring(message.payload(8).getLong(0) & VhostUser.VRING_INDEX);
    }

    /** The descriptor for that ring, now the caller's; null when the message says that there is none. */
    private static @Nullable Descriptor ringDescriptor(FrontEnd message, boolean discard) throws IOException {
        boolean none = (message.payload(8).getLong(0) & VhostUser.VRING_NO_DESCRIPTOR) != 0;
        if (none) {
            return null;
        }
        Descriptor descriptor = message.takeDescriptor();
        if (discard) {
            descriptor.close();
            return null;
        }
        return descriptor;
    }

    private void base(FrontEnd message) throws IOException {
        Vring ring = ring(message);
        int before = ring.base();
        ring.base(message.payload(8).getInt(4));
        if (ring.base() != before) {
            // A monitor that was paused goes on where it stopped; only a driver that began anew does not.
            device.receive.clear();
            transmit.loseAll("the guest restarted its vsock device");
        }
    }

    private void addresses(FrontEnd message) throws IOException {
        Vring ring = ring(message);
        // "A vring address description": u32 index, u32 flags, then u64 descriptors, used, available, log.
        ByteBuffer payload = message.payload(40);
        ring.addresses(new SplitVirtqueue.Addresses(payload.getLong(8), payload.getLong(24), payload.getLong(16)));
        update(ring);
    }

    private void kick(FrontEnd message) throws IOException {
        Vring ring = describedRing(message);
        Descriptor kick = ringDescriptor(message, false);
        if (kick == null) {
            throw new IOException("a queue without kicks would have to be polled");
        }
        ring.kick(kick);
        if ((features & VhostUser.F_PROTOCOL_FEATURES) == 0) {
            // "Ring states": without that feature a ring is enabled from its start.
            ring.enabled(true);
        }
        update(ring);
    }

    private void call(FrontEnd message) throws IOException {
        Vring ring = describedRing(message);
        ring.call(ringDescriptor(message, false));
    }

    private void enable(FrontEnd message) throws IOException {
        Vring ring = ring(message);
        ring.enabled(message.payload(8).getInt(4) != 0);
        update(ring);
    }

    private void stopRing(FrontEnd message) throws IOException {
        int index = message.payload(8).getInt(0);
        Vring ring = ring(message);
        ring.detach();
        ring.kick(null);
        message.reply(message.answer(8).putInt(index).putInt(ring.base()));
    }

    private void update(Vring ring) throws IOException {
        MemoryTable memory = table;
        ring.update(memory == null ? null : memory.memory(), features);
    }

    private void replaceMemory(FrontEnd message) throws IOException {
        MemoryTable old = table;
        MemoryTable fresh = MemoryTable.map(message.payload(8), message.descriptors(), trustMemory);
        table = fresh;
        try {
            for (Vring each : device.vrings) {
                each.detach();
                update(each);
            }
        } finally {
            if (old != null) {
                old.close();
            }
        }
    }

    private static void readConfig(FrontEnd message) throws IOException {
        // "Virtio device config space": u32 offset, u32 size, u32 flags, then as many bytes.
        ByteBuffer payload = message.payload(12);
        int offset = payload.getInt(0);
        int size = payload.getInt(4);
        if (offset < 0 || size < 1 || offset > CONFIG_BYTES - size || payload.capacity() < 12 + size) {
            throw new IOException("a read of " + Integer.toUnsignedString(size) + " bytes at "
                    + Integer.toUnsignedString(offset) + " of a configuration of " + CONFIG_BYTES);
        }
        byte[] config = ByteBuffer.allocate(CONFIG_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(Device.GUEST_CID)
                .array();
        message.reply(
                message.answer(12 + size).putInt(offset).putInt(size).putInt(0).put(config, offset, size));
    }

    private void closeBackendRequests() {
        if (backendRequests != null) {
            backendRequests.close();
            backendRequests = null;
        }
    }

    @Override
    public void close() {
        device.lock.lock();
        try {
            for (Vring each : device.vrings) {
                each.close();
            }
            if (table != null) {
                table.close();
                table = null;
            }
        } finally {
            device.lock.unlock();
        }
        closeBackendRequests();
    }
}
