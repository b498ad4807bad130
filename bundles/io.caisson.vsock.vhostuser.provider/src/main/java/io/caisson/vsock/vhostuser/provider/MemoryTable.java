package io.caisson.vsock.vhostuser.provider;

import io.caisson.host.linux.ffm.Descriptor;
import io.caisson.host.linux.ffm.MemoryMapping;
import io.caisson.virtio.library.GuestMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The guest's memory, mapped. Immutable; closed under the device lock, once no ring lies in it any more. */
final class MemoryTable implements AutoCloseable {
    // "Memory regions description": u32 count, u32 padding, then for each u64 guest address, size, user address,
    // offset.
    private static final int TABLE_HEADER = 8;
    private static final int REGION_BYTES = 32;

    private final List<MemoryMapping> mappings;
    private final GuestMemory memory;

    private MemoryTable(List<MemoryMapping> mappings, GuestMemory memory) {
        this.mappings = mappings;
        this.memory = memory;
    }

    /**
     * Maps what a SET_MEM_TABLE request describes.
     *
     * @param descriptors one for each region; they stay the caller's
     * @param trusted whether files are mapped that their owner could make smaller
     * @throws IOException the table is wrong in itself, or a region cannot be mapped or must not be
     */
    static MemoryTable map(ByteBuffer payload, List<Descriptor> descriptors, boolean trusted) throws IOException {
        int count = payload.getInt(0);
        if (count < 1 || count > VhostUser.MAX_REGIONS) {
            throw new IOException(Integer.toUnsignedString(count) + " regions, must be 1 to " + VhostUser.MAX_REGIONS);
        }
        if (descriptors.size() != count) {
            throw new IOException(count + " regions with " + descriptors.size() + " descriptors");
        }
        if (payload.capacity() < TABLE_HEADER + count * REGION_BYTES) {
            throw new IOException(count + " regions in a payload of " + payload.capacity() + " bytes");
        }
        List<MemoryMapping> mappings = new ArrayList<>(count);
        try {
            List<GuestMemory.Region> regions = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                int at = TABLE_HEADER + i * REGION_BYTES;
                MemoryMapping mapping =
                        map(descriptors.get(i), payload.getLong(at + 24), payload.getLong(at + 8), trusted);
                mappings.add(mapping);
                regions.add(new GuestMemory.Region(payload.getLong(at), payload.getLong(at + 16), mapping.segment()));
            }
            return new MemoryTable(mappings, new GuestMemory(regions));
        } catch (IllegalArgumentException e) {
            closeAll(mappings);
            throw new IOException(e.getMessage(), e);
        } catch (IOException e) {
            closeAll(mappings);
            throw e;
        }
    }

    private static MemoryMapping map(Descriptor file, long offset, long size, boolean trusted) throws IOException {
        return trusted
                ? MemoryMapping.map(file, offset, size, MemoryMapping.Access.READ_WRITE)
                : MemoryMapping.mapSealed(file, offset, size, MemoryMapping.Access.READ_WRITE);
    }

    GuestMemory memory() {
        return memory;
    }

    @Override
    public void close() {
        closeAll(mappings);
    }

    private static void closeAll(List<MemoryMapping> mappings) {
        for (MemoryMapping each : mappings) {
            each.close();
        }
    }
}
