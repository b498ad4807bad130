package io.caisson.virtio.library;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a malicious driver can write, and that nothing but a {@link VirtioFormatException} comes of it. */
class HostileRingTest {
    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;

    private interface Mischief {
        void in(Rig rig) throws Exception;
    }

    private static void rejects(String reason, Mischief mischief) throws Exception {
        try (Rig rig = new Rig(true)) {
            mischief.in(rig);
            VirtioFormatException failure = assertThrows(VirtioFormatException.class, () -> rig.device.next(rig.chain));
            assertTrue(failure.structure().startsWith("test ring, "), failure.structure());
            assertTrue(failure.toString().contains(reason), failure::toString);
        }
    }

    private static void rejectsDescriptor(String reason, long address, int length, int flags, int next)
            throws Exception {
        rejects(reason, rig -> {
            rig.driver.writeDescriptor(Rig.DESC, 0, address, length, flags, next);
            rig.driver.publish(0);
        });
    }

    private static void rejectsIndirect(String reason, int descriptors, Mischief table) throws Exception {
        rejects(reason, rig -> {
            table.in(rig);
            rig.driver.writeDescriptor(Rig.DESC, 0, Rig.TABLE, 16 * descriptors, INDIRECT, 0);
            rig.driver.publish(0);
        });
    }

    @Test
    void rejectsAnAddressOutsideMemory() throws Exception {
        rejectsDescriptor("outside guest memory", Rig.MEMORY, 1, 0, 0);
    }

    @Test
    void rejectsABufferThatRunsPastTheEnd() throws Exception {
        rejectsDescriptor("outside guest memory", Rig.MEMORY - 10, 11, 0, 0);
    }

    @Test
    void rejectsAnAddressThatWraps() throws Exception {
        rejectsDescriptor("outside guest memory", -16, 32, 0, 0);
    }

    @Test
    void rejectsALengthOf4GiB() throws Exception {
        rejectsDescriptor("more than", Rig.BUFFERS, -1, 0, 0);
    }

    @Test
    void rejectsMoreBytesThanTheBound() throws Exception {
        rejects("more than 16777216 bytes", rig -> {
            for (int i = 0; i < 20; i++) {
                rig.driver.writeDescriptor(Rig.DESC, i, 0, Rig.MEMORY, NEXT, i + 1);
            }
            rig.driver.publish(0);
        });
    }

    @Test
    void rejectsALoop() throws Exception {
        rejects("loops", rig -> {
            rig.driver.writeDescriptor(Rig.DESC, 0, Rig.BUFFERS, 1, NEXT, 1);
            rig.driver.writeDescriptor(Rig.DESC, 1, Rig.BUFFERS, 1, NEXT, 0);
            rig.driver.publish(0);
        });
    }

    @Test
    void rejectsALoopOfEmptyBuffers() throws Exception {
        rejectsDescriptor("loops", Rig.BUFFERS, 0, NEXT, 0);
    }

    @Test
    void rejectsANextOutsideTheTable() throws Exception {
        rejectsDescriptor("only 256 descriptors", Rig.BUFFERS, 1, NEXT, 256);
    }

    @Test
    void rejectsAHeadOutsideTheTable() throws Exception {
        rejects("only 256 descriptors", rig -> rig.driver.publish(65535));
    }

    @Test
    void rejectsAnIndexThatJumps() throws Exception {
        rejects("257 ahead", rig -> rig.driver.setAvailIndex(257));
        rejects("65535 ahead", rig -> rig.driver.setAvailIndex(-1));
    }

    @Test
    void rejectsUnknownFlags() throws Exception {
        rejectsDescriptor("unknown flags 0x80", Rig.BUFFERS, 1, 0x80, 0);
    }

    @Test
    void rejectsReadableAfterWritable() throws Exception {
        rejects("readable buffer after", rig -> {
            rig.driver.writeDescriptor(Rig.DESC, 0, Rig.BUFFERS, 1, NEXT | WRITE, 1);
            rig.driver.writeDescriptor(Rig.DESC, 1, Rig.BUFFERS, 1, 0, 0);
            rig.driver.publish(0);
        });
    }

    @Test
    void rejectsAnIndirectTableInAnIndirectTable() throws Exception {
        rejectsIndirect(
                "inside an indirect", 1, rig -> rig.driver.writeDescriptor(Rig.TABLE, 0, Rig.TABLE, 16, INDIRECT, 0));
    }

    @Test
    void rejectsAnIndirectTableWithANext() throws Exception {
        rejectsDescriptor("with a next", Rig.TABLE, 16, INDIRECT | NEXT, 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 15, 17, 33, -16, 16 * 32769})
    void rejectsAnIndirectTableOfABadLength(int length) throws Exception {
        rejectsDescriptor("an indirect table of", Rig.TABLE, length, INDIRECT, 0);
    }

    @Test
    void rejectsAnIndirectTableOutsideMemory() throws Exception {
        rejectsDescriptor("outside guest memory", Rig.MEMORY - 16, 32, INDIRECT, 0);
        rejectsDescriptor("outside guest memory", -32, 32, INDIRECT, 0);
    }

    @Test
    void rejectsALoopInAnIndirectTable() throws Exception {
        rejectsIndirect("loops", 2, rig -> {
            rig.driver.writeDescriptor(Rig.TABLE, 0, Rig.BUFFERS, 1, NEXT, 1);
            rig.driver.writeDescriptor(Rig.TABLE, 1, Rig.BUFFERS, 1, NEXT, 0);
        });
    }

    @Test
    void rejectsANextOutsideAnIndirectTable() throws Exception {
        rejectsIndirect(
                "only 2 descriptors", 2, rig -> rig.driver.writeDescriptor(Rig.TABLE, 0, Rig.BUFFERS, 1, NEXT, 2));
    }

    @Test
    void rejectsAnIndirectTableThatWasNotNegotiated() throws Exception {
        try (Rig rig = new Rig(Rig.SIZE, 0, 1)) {
            rig.driver.addIndirect(Rig.TABLE, new long[] {Rig.BUFFERS}, new int[] {1}, 1);
            assertThrows(VirtioFormatException.class, () -> rig.device.next(rig.chain));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 3, 100, 65536, Integer.MIN_VALUE})
    void rejectsABadQueueSize(int size) throws Exception {
        assertThrows(VirtioFormatException.class, () -> SplitVirtqueue.checkSize("r", size));
        try (Rig rig = new Rig(true)) {
            assertThrows(
                    VirtioFormatException.class,
                    () -> new SplitVirtqueue("r", size, rig.memory, Rig.addresses(0, 0x4000, 0x5000), 0, 0));
        }
    }

    @Test
    void rejectsAMisalignedOrMisplacedRing() throws Exception {
        try (Rig rig = new Rig(true)) {
            SplitVirtqueue.Addresses[] bad = {
                Rig.addresses(8, 0x4000, 0x5000),
                Rig.addresses(0, 0x4001, 0x5000),
                Rig.addresses(0, 0x4000, 0x5002),
                Rig.addresses(Rig.MEMORY - 16, 0x4000, 0x5000),
                Rig.addresses(0, Rig.MEMORY - 2, 0x5000),
                Rig.addresses(0, 0x4000, -4),
                Rig.addresses(0, 0x4000, Long.MAX_VALUE - 4 - Rig.USER)
            };
            for (SplitVirtqueue.Addresses each : bad) {
                VirtioFormatException failure = assertThrows(
                        VirtioFormatException.class,
                        () -> new SplitVirtqueue("tx ring", Rig.SIZE, rig.memory, each, 0, 0));
                assertTrue(failure.structure().startsWith("tx ring, "), failure.structure());
            }
        }
    }

    @Test
    void namesRingIndexAndOffset() throws Exception {
        try (Rig rig = new Rig(true)) {
            rig.driver.writeDescriptor(Rig.DESC, 0, Rig.BUFFERS, 1, NEXT, 7);
            rig.driver.writeDescriptor(Rig.DESC, 7, -5, 1, 0, 0);
            rig.driver.publish(0);
            VirtioFormatException failure = assertThrows(VirtioFormatException.class, () -> rig.device.next(rig.chain));
            assertEquals("test ring, descriptor table", failure.structure());
            assertEquals(7, failure.index());
            assertEquals(7 * 16, failure.offset());
        }
    }

    @Test
    void rejectsAPacketWithoutRoomForItsHeaderOrPayload() throws Exception {
        try (Rig rig = new Rig(true)) {
            VsockHeader header = new VsockHeader();
            rig.driver.add(new long[] {Rig.BUFFERS}, new int[] {43}, 1);
            rig.device.next(rig.chain);
            assertThrows(VirtioFormatException.class, () -> header.readFrom(rig.chain));
            assertThrows(VirtioFormatException.class, () -> header.writeTo(rig.chain));
            for (int length : new int[] {1, -1, Integer.MIN_VALUE, 1 << 30}) {
                rig.bytes.set(ValueLayout.JAVA_INT_UNALIGNED, Rig.BUFFERS + 24, length);
                rig.driver.add(new long[] {Rig.BUFFERS}, new int[] {44}, 1);
                rig.device.next(rig.chain);
                assertThrows(VirtioFormatException.class, () -> header.readFrom(rig.chain));
            }
        }
    }

    /** Flips bits in rings and tables for 200 000 steps; every chain that passes can be copied whole. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void survivesRandomMutation(long seed) throws Exception {
        Random random = new Random(seed);
        byte[] scratch = new byte[1 << 24];
        int refused = 0;
        int served = 0;
        while (refused < 2000) {
            try (Rig rig = new Rig(seed != 2)) {
                for (int i = 0; i < 128; i++) {
                    rig.driver.addIndirect(
                            Rig.TABLE + 64L * i,
                            new long[] {Rig.BUFFERS + 128L * i, Rig.BUFFERS + 64 + 128L * i},
                            new int[] {44, 64},
                            random.nextInt(3));
                }
                rig.driver.setAvailIndex(128);
                for (int step = 0; step < 100; step++) {
                    mutate(rig, random);
                    if (rig.device.next(rig.chain)) {
                        rig.chain.read(0, scratch, 0, (int) rig.chain.readableBytes());
                        rig.device.complete(rig.chain.head(), 0);
                        rig.device.mustInterrupt();
                        served++;
                    }
                }
            } catch (VirtioFormatException e) {
                refused++;
            }
        }
        assertTrue(served > 2000, "only " + served + " chains passed");
    }

    private static void mutate(Rig rig, Random random) {
        long[] from = {Rig.DESC, Rig.AVAIL, Rig.TABLE};
        int[] bytes = {16 * Rig.SIZE, 6 + 2 * Rig.SIZE, 64 * 128};
        int which = random.nextInt(3);
        long at = from[which] + random.nextInt(bytes[which]);
        byte old = rig.bytes.get(ValueLayout.JAVA_BYTE, at);
        rig.bytes.set(ValueLayout.JAVA_BYTE, at, (byte) (old ^ 1 << random.nextInt(8)));
    }
}
