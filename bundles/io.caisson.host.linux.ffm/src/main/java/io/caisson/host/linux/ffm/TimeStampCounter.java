package io.caisson.host.linux.ffm;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The rate of the x86 time stamp counter. The kernel knows it and tells nobody; so it is measured against the
 * monotonic clock, at the price of one reading when this is made and another when the rate is asked for.
 *
 * <p>Neither the JDK nor the C library reads the counter. One page of memory holds the few instructions that do; it
 * exists for the duration of a reading.
 */
public final class TimeStampCounter {
    private static final Path CLOCK_SOURCES =
            Path.of("/sys/devices/system/clocksource/clocksource0/available_clocksource");

    /** Intel SDM vol. 2B, RDTSC: the counter's halves are in edx and eax. */
    private static final byte[] READ_COUNTER = {
        0x0f,
        0x31, // rdtsc
        0x48,
        (byte) 0xc1,
        (byte) 0xe2,
        0x20, // shl rdx, 32
        0x48,
        0x09,
        (byte) 0xd0, // or rax, rdx
        (byte) 0xc3, // ret
    };

    private static final int PAGE = 4096;
    private static final int ATTEMPTS = 16;

    /** The error allowed: a fifth of what the guest's kernel allows itself when it measures. */
    private static final int PARTS_PER_MILLION = 100;

    private static final long LONGEST_WAIT_NANOS = 50_000_000;

    /** While the host sleeps the counter may start again from zero. A short while is seldom interrupted so. */
    private static final long LONGEST_INTERVAL_NANOS = 60_000_000_000L;

    private Reading start;
    private long kilohertz;

    private TimeStampCounter(Reading start) {
        this.start = start;
    }

    /**
     * A counter value and when it was read.
     *
     * @param counter the value
     * @param nanos in the middle of the time the reading took, {@link System#nanoTime}
     * @param uncertainty half of that time, in nanoseconds
     */
    private record Reading(long counter, long nanos, long uncertainty) {}

    /**
     * Begins to measure; takes well under a millisecond.
     *
     * @return empty when there is no counter, its rate is not constant according to the kernel, or it cannot be read
     */
    public static Optional<TimeStampCounter> observe() {
        if (Architecture.HOST != Architecture.X86_64 || !isTrustedByTheKernel()) {
            return Optional.empty();
        }
        Reading reading = read();
        return reading == null ? Optional.empty() : Optional.of(new TimeStampCounter(reading));
    }

    private static boolean isTrustedByTheKernel() {
        try {
            return (" " + Files.readString(CLOCK_SOURCES).strip() + " ").contains(" tsc ");
        } catch (IOException e) {
            // Without sysfs nothing is known, which is answer enough.
            return false;
        }
    }

    /**
     * The rate in kHz, to within 100 parts in a million. Measured by the first call, which waits at most 50 ms, and
     * only when it comes soon after {@link #observe()}.
     *
     * @throws IOException the host is too busy to measure by
     */
    public synchronized long kilohertz() throws IOException, InterruptedException {
        if (kilohertz == 0) {
            kilohertz = measure();
        }
        return kilohertz;
    }

    private long measure() throws IOException, InterruptedException {
        if (System.nanoTime() - start.nanos > LONGEST_INTERVAL_NANOS) {
            start = mustRead();
        }
        long waitUntil = System.nanoTime() + LONGEST_WAIT_NANOS;
        while (true) {
            Reading end = mustRead();
            long elapsed = end.nanos - start.nanos;
            if ((start.uncertainty + end.uncertainty) * (1_000_000 / PARTS_PER_MILLION) <= elapsed) {
                return Math.round((end.counter - start.counter) * 1e6 / elapsed);
            }
            if (System.nanoTime() > waitUntil) {
                throw new IOException("cannot measure the rate of the time stamp counter: the host is too busy");
            }
            Thread.sleep(2);
        }
    }

    private static Reading mustRead() throws IOException {
        Reading reading = read();
        if (reading == null) {
            throw new IOException(
                    "cannot measure the rate of the time stamp counter: memory cannot be made executable");
        }
        return reading;
    }

    /** The quickest of several attempts; null where the host forbids memory that is made executable. */
    private static @Nullable Reading read() {
        try {
            long address = MemoryCalls.mmapPrivate(PAGE);
            try {
                MemorySegment page = MemorySegment.ofAddress(address).reinterpret(PAGE);
                MemorySegment.copy(READ_COUNTER, 0, page, ValueLayout.JAVA_BYTE, 0, READ_COUNTER.length);
                MemoryCalls.mprotect(address, PAGE, MemoryCalls.PROT_READ | MemoryCalls.PROT_EXEC);
                return read(NativeFunction.at("rdtsc", page));
            } finally {
                MemoryCalls.munmap(address, PAGE);
            }
        } catch (SystemCallException e) {
            return null;
        }
    }

    private static Reading read(NativeFunction counter) {
        Reading best = attempt(counter);
        for (int i = 1; i < ATTEMPTS; i++) {
            Reading reading = attempt(counter);
            if (reading.uncertainty < best.uncertainty) {
                best = reading;
            }
        }
        return best;
    }

    private static Reading attempt(NativeFunction counter) {
        long before = System.nanoTime();
        long value = counter.callOnce(0, 0, 0, 0, 0, 0);
        long after = System.nanoTime();
        return new Reading(value, before + (after - before) / 2, (after - before) / 2 + 1);
    }
}
