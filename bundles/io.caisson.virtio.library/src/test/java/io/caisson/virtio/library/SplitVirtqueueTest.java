package io.caisson.virtio.library;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SplitVirtqueueTest {
    private static final long F_ALL = VirtioFeatures.INDIRECT_DESC | VirtioFeatures.EVENT_IDX;

    @Test
    void takesNothingFromAnEmptyQueue() throws Exception {
        try (Rig rig = new Rig(true)) {
            assertFalse(rig.device.hasAvailable());
            assertFalse(rig.device.next(rig.chain));
            assertEquals(0, rig.device.nextAvail());
        }
    }

    @Test
    void readsAndWritesAChainOfSeveralBuffers() throws Exception {
        try (Rig rig = new Rig(true)) {
            for (int i = 0; i < 30; i++) {
                rig.bytes.set(ValueLayout.JAVA_BYTE, Rig.BUFFERS + i, (byte) i);
            }
            long[] addresses = {Rig.BUFFERS, Rig.BUFFERS + 10, Rig.BUFFERS + 100, Rig.BUFFERS + 200};
            int head = rig.driver.add(addresses, new int[] {10, 20, 5, 7}, 2);
            assertTrue(rig.device.next(rig.chain));
            assertEquals(head, rig.chain.head());
            assertEquals(30, rig.chain.readableBytes());
            assertEquals(12, rig.chain.writableBytes());
            byte[] got = new byte[12];
            rig.chain.read(5, got, 1, 11);
            assertArrayEquals(new byte[] {0, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, got);
            rig.chain.write(3, new byte[] {91, 92, 93, 94}, 0, 4);
            assertEquals(91, rig.bytes.get(ValueLayout.JAVA_BYTE, Rig.BUFFERS + 103));
            assertEquals(92, rig.bytes.get(ValueLayout.JAVA_BYTE, Rig.BUFFERS + 104));
            assertEquals(93, rig.bytes.get(ValueLayout.JAVA_BYTE, Rig.BUFFERS + 200));
            assertEquals(94, rig.bytes.get(ValueLayout.JAVA_BYTE, Rig.BUFFERS + 201));
            assertEquals(0, rig.bytes.get(ValueLayout.JAVA_BYTE, Rig.BUFFERS + 202));
            rig.device.complete(head, 7);
            assertTrue(rig.driver.poll());
            assertEquals(head, rig.driver.usedHead());
            assertEquals(7, rig.driver.usedLength());
            assertFalse(rig.driver.poll());
        }
    }

    @Test
    void refusesToCopyBeyondAChain() throws Exception {
        try (Rig rig = new Rig(true)) {
            rig.driver.add(new long[] {Rig.BUFFERS, Rig.BUFFERS + 64}, new int[] {10, 20}, 1);
            assertTrue(rig.device.next(rig.chain));
            byte[] array = new byte[100];
            assertThrows(IndexOutOfBoundsException.class, () -> rig.chain.read(0, array, 0, 11));
            assertThrows(IndexOutOfBoundsException.class, () -> rig.chain.read(-1, array, 0, 1));
            assertThrows(IndexOutOfBoundsException.class, () -> rig.chain.write(1, array, 0, 20));
            assertThrows(IndexOutOfBoundsException.class, () -> rig.chain.write(0, array, 90, 20));
        }
    }

    @Test
    void joinsABufferThatStraddlesRegions() throws Exception {
        try (Rig rig = new Rig(Rig.SIZE, F_ALL, 2)) {
            long border = Rig.MEMORY / 2;
            rig.bytes.set(ValueLayout.JAVA_BYTE, border - 1, (byte) 1);
            rig.bytes.set(ValueLayout.JAVA_BYTE, border, (byte) 2);
            rig.driver.add(new long[] {border - 1}, new int[] {2}, 1);
            assertTrue(rig.device.next(rig.chain));
            byte[] got = new byte[2];
            rig.chain.read(0, got, 0, 2);
            assertArrayEquals(new byte[] {1, 2}, got);
        }
    }

    @Test
    void followsDirectDescriptorsIntoAnIndirectTable() throws Exception {
        try (Rig rig = new Rig(true)) {
            rig.driver.writeDescriptor(Rig.TABLE, 0, Rig.BUFFERS + 8, 8, 1, 1);
            rig.driver.writeDescriptor(Rig.TABLE, 1, Rig.BUFFERS + 16, 8, 2, 0);
            rig.driver.writeDescriptor(Rig.DESC, 3, Rig.BUFFERS, 8, 1, 9);
            rig.driver.writeDescriptor(Rig.DESC, 9, Rig.TABLE, 32, 4, 0);
            rig.driver.publish(3);
            assertTrue(rig.device.next(rig.chain));
            assertEquals(16, rig.chain.readableBytes());
            assertEquals(8, rig.chain.writableBytes());
        }
    }

    @Test
    void continuesFromTheIndexItIsGiven() throws Exception {
        try (Rig rig = new Rig(true)) {
            for (int i = 0; i < 5; i++) {
                rig.driver.add(new long[] {Rig.BUFFERS}, new int[] {1 + i}, 1);
            }
            SplitVirtqueue later =
                    new SplitVirtqueue("r", Rig.SIZE, rig.memory, Rig.addresses(Rig.DESC, Rig.AVAIL, Rig.USED), 0, 3);
            assertTrue(later.next(rig.chain));
            assertEquals(4, rig.chain.readableBytes());
            assertEquals(4, later.nextAvail());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, VirtioFeatures.INDIRECT_DESC, VirtioFeatures.EVENT_IDX, F_ALL})
    void agreesWithADriverOverRandomTraffic(long features) throws Exception {
        for (int size : new int[] {1, 2, 8, 256}) {
            try (Rig rig = new Rig(size, features, size == 8 ? 4 : 1)) {
                traffic(rig, features, new Random(size + features), size == 256 ? 150_000 : 10_000);
            }
        }
    }

    /** Chains of random shape; 150 000 steps make both 16-bit indices wrap. Each arrives once, in order, whole. */
    private static void traffic(Rig rig, long features, Random random, int steps) throws Exception {
        ArrayDeque<int[]> outstanding = new ArrayDeque<>();
        ArrayDeque<int[]> taken = new ArrayDeque<>();
        for (int step = 0; step < steps; step++) {
            int n = 1 + random.nextInt(4);
            if (rig.driver.free() >= n) {
                long[] addresses = new long[n];
                int[] lengths = new int[n];
                int readable = random.nextInt(n + 1);
                int[] sums = new int[3];
                for (int i = 0; i < n; i++) {
                    addresses[i] = Rig.BUFFERS + random.nextInt(Rig.MEMORY - (int) Rig.BUFFERS - 4096);
                    lengths[i] = random.nextInt(4096);
                    sums[i < readable ? 1 : 2] += lengths[i];
                }
                boolean indirect = (features & VirtioFeatures.INDIRECT_DESC) != 0 && random.nextBoolean();
                // Only one indirect table: it may be written again once it was parsed.
                sums[0] = indirect && outstanding.isEmpty()
                        ? rig.driver.addIndirect(Rig.TABLE, addresses, lengths, readable)
                        : rig.driver.add(addresses, lengths, readable);
                outstanding.add(sums);
            }
            if (random.nextBoolean() && rig.device.next(rig.chain)) {
                int[] want = outstanding.remove();
                assertEquals(want[0], rig.chain.head());
                assertEquals(want[1], rig.chain.readableBytes());
                assertEquals(want[2], rig.chain.writableBytes());
                taken.add(want);
            }
            if (random.nextBoolean() && !taken.isEmpty()) {
                int[] done = taken.remove();
                rig.device.complete(done[0], done[2]);
                assertTrue(rig.driver.poll());
                assertEquals(done[0], rig.driver.usedHead());
                assertEquals(done[2], rig.driver.usedLength());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @Timeout(60)
    void losesNoWakeUpBetweenTwoThreads(boolean eventIndex) throws Exception {
        int packets = 300_000;
        try (Rig rig = new Rig(8, eventIndex ? F_ALL : 0, 1)) {
            Semaphore kicks = new Semaphore(0);
            Semaphore calls = new Semaphore(0);
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread device = Thread.ofPlatform().start(() -> {
                try {
                    serve(rig, packets, kicks, calls);
                } catch (Throwable t) {
                    failure.set(t);
                    calls.release();
                }
            });
            int sent = 0;
            for (int done = 0; done < packets && failure.get() == null; ) {
                while (sent < packets && rig.driver.free() > 0) {
                    rig.driver.add(new long[] {Rig.BUFFERS}, new int[] {sent % 4096 + 1}, 1);
                    sent++;
                }
                if (rig.driver.mustKick()) {
                    kicks.release();
                }
                rig.driver.disableInterrupts();
                while (rig.driver.poll()) {
                    assertEquals(done % 4096 + 1, rig.driver.usedLength(), "chains come back in order");
                    done++;
                }
                if (done < packets && rig.driver.free() == 0 && !rig.driver.enableInterrupts()) {
                    assertTrue(calls.tryAcquire(20, TimeUnit.SECONDS), "no interrupt came for a used chain");
                }
            }
            device.join(TimeUnit.SECONDS.toMillis(20));
            assertEquals(null, failure.get());
        }
    }

    private static void serve(Rig rig, int packets, Semaphore kicks, Semaphore calls) throws Exception {
        int served = 0;
        while (served < packets) {
            rig.device.suppressNotifications();
            while (rig.device.next(rig.chain)) {
                rig.device.complete(rig.chain.head(), (int) rig.chain.readableBytes());
                served++;
            }
            if (rig.device.mustInterrupt()) {
                calls.release();
            }
            if (served < packets && !rig.device.requestNotification()) {
                assertTrue(kicks.tryAcquire(20, TimeUnit.SECONDS), "no notification came for an available chain");
            }
        }
    }

    @Test
    void interruptsOnlyWhenTheDriversEventIndexIsPassed() throws Exception {
        try (Rig rig = new Rig(true)) {
            for (int i = 0; i < 3; i++) {
                rig.driver.add(new long[] {Rig.BUFFERS}, new int[] {1}, 1);
                rig.device.next(rig.chain);
            }
            rig.device.complete(0, 0);
            assertTrue(rig.device.hasUnannounced());
            assertTrue(rig.device.mustInterrupt(), "used_event is 0 and the first chain has passed it");
            rig.device.complete(1, 0);
            assertFalse(rig.device.mustInterrupt(), "the driver has not asked again");
            assertFalse(rig.device.hasUnannounced());
            rig.driver.poll();
            rig.driver.poll();
            assertFalse(rig.driver.enableInterrupts());
            rig.device.complete(2, 0);
            assertTrue(rig.device.mustInterrupt());
        }
    }

    @Test
    void honoursTheFlagsWithoutEventIndex() throws Exception {
        try (Rig rig = new Rig(false)) {
            rig.device.suppressNotifications();
            rig.driver.add(new long[] {Rig.BUFFERS}, new int[] {1}, 1);
            assertFalse(rig.driver.mustKick());
            assertTrue(rig.device.requestNotification(), "a chain came while notifications were off");
            rig.device.next(rig.chain);
            rig.driver.add(new long[] {Rig.BUFFERS}, new int[] {1}, 1);
            assertTrue(rig.driver.mustKick());
            rig.driver.disableInterrupts();
            rig.device.complete(rig.chain.head(), 0);
            assertFalse(rig.device.mustInterrupt());
        }
    }
}
