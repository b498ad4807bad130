package io.caisson.vsock.vhostuser.provider;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.virtio.library.DescriptorChain;
import io.caisson.virtio.library.DriverVirtqueue;
import io.caisson.virtio.library.GuestMemory;
import io.caisson.virtio.library.SplitVirtqueue;
import io.caisson.virtio.library.VirtioFormatException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ReceiveBufferTest {
    private static final int DATA = 0x10000;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory = arena.allocate(1 << 20, 4096);
    private final ReceiveBuffer.BufferPool pool = new ReceiveBuffer.BufferPool();
    private final ReceiveBuffer buffer = new ReceiveBuffer();
    private final DescriptorChain chain = new DescriptorChain(16, 1 << 20);

    @AfterEach
    void free() {
        arena.close();
    }

    /** A chain over all the data area, whose first bytes are those of a stream at a place. */
    private void chainAt(long place, int length) throws VirtioFormatException {
        DriverVirtqueue driver = new DriverVirtqueue(memory, 16, 0, 0x1000, 0x2000, false);
        SplitVirtqueue queue = new SplitVirtqueue(
                "q",
                16,
                new GuestMemory(List.of(new GuestMemory.Region(0, 0, memory))),
                new SplitVirtqueue.Addresses(0, 0x1000, 0x2000),
                0,
                0);
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = at(place + i);
        }
        MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, DATA, length);
        driver.add(new long[] {DATA}, new int[] {ReceiveBuffer.CAPACITY}, 1);
        assertTrue(queue.next(chain));
    }

    private static byte at(long place) {
        return (byte) (place * 31 + (place >> 8));
    }

    @Test
    void keepsBytesInOrderAcrossItsEnd() throws Exception {
        Random random = new Random(7);
        long in = 0;
        long out = 0;
        byte[] target = new byte[ReceiveBuffer.CAPACITY];
        for (int step = 0; step < 500; step++) {
            int n = random.nextInt(buffer.room() + 1);
            if (step % 50 == 0) {
                n = buffer.room();
            }
            chainAt(in, n);
            buffer.put(chain, 0, n, pool);
            in += n;
            assertEquals(in - out, buffer.available());
            int wanted = random.nextInt(ReceiveBuffer.CAPACITY + 1);
            int got = buffer.take(target, 0, wanted);
            assertEquals(Math.min(wanted, in - out), got);
            for (int i = 0; i < got; i += 97) {
                assertEquals(at(out + i), target[i]);
            }
            out += got;
            assertEquals((int) out, buffer.taken());
        }
    }

    @Test
    void passesBytesFromOneThreadToAnother() throws Exception {
        int total = 4 << 20;
        chainAt(0, ReceiveBuffer.CAPACITY);
        FutureTask<Integer> reader = new FutureTask<>(() -> {
            byte[] target = new byte[10_000];
            int sum = 0;
            for (int read = 0; read < total; ) {
                int n = buffer.take(target, 0, target.length);
                for (int i = 0; i < n; i++) {
                    sum += target[i];
                }
                read += n;
                if (n == 0) {
                    Thread.onSpinWait();
                }
            }
            return sum;
        });
        Thread.ofPlatform().start(reader);
        byte[] source = memory.asSlice(DATA, ReceiveBuffer.CAPACITY).toArray(ValueLayout.JAVA_BYTE);
        int sum = 0;
        for (int written = 0; written < total; ) {
            int n = Math.min(Math.min(buffer.room(), 4052), total - written);
            buffer.put(chain, 0, n, pool);
            for (int i = 0; i < n; i++) {
                sum += source[i];
            }
            written += n;
            if (written % 5 == 0) {
                buffer.reclaim(pool);
            }
        }
        assertEquals(sum, reader.get(30, TimeUnit.SECONDS));
    }

    @Test
    void givesItsMemoryBackWhenItWasEmptyForAWhile() throws Exception {
        chainAt(0, ReceiveBuffer.CAPACITY);
        assertFalse(buffer.reclaim(pool), "it has none before the first byte");
        buffer.put(chain, 0, 10, pool);
        assertTrue(buffer.reclaim(pool), "bytes are in it");
        assertTrue(buffer.reclaim(pool), "bytes are still in it");
        byte[] target = new byte[10];
        assertEquals(10, buffer.take(target, 0, 10));
        assertFalse(buffer.reclaim(pool));
        buffer.put(chain, 10, 10, pool);
        assertTrue(buffer.reclaim(pool), "bytes came meanwhile");
        assertEquals(10, buffer.take(target, 0, 10));
        assertArrayEquals(memory.asSlice(DATA + 10, 10).toArray(ValueLayout.JAVA_BYTE), target);
    }

    @Test
    void poolKeepsOneMebibyteAtMost() {
        byte[] kept = pool.take();
        pool.give(kept);
        assertSame(kept, pool.take());
        for (int i = 0; i < 16; i++) {
            pool.give(new byte[ReceiveBuffer.CAPACITY]);
        }
        pool.give(kept);
        for (int i = 0; i < 16; i++) {
            assertNotSame(kept, pool.take());
        }
    }
}
