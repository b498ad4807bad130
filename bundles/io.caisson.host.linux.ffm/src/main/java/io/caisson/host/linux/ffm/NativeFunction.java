package io.caisson.host.linux.ffm;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A function of the C library, callable.
 *
 * <p>All functions share one shape: six integers of register width in, one out, errno captured. A new shape costs a
 * cold JVM about 10 ms (the linker spins a class for each, which no AOT cache keeps), a further function of a known
 * shape 0.1 ms. Both calling conventions served here allow it: the first six integer or pointer arguments travel in
 * registers (System V AMD64 psABI 1.0, 3.2.3; AAPCS64 6.4), a callee reads of each register the bits its parameter
 * has and ignores the registers it has no parameter for, and variadic functions take their arguments the same way.
 * The upper half of what an {@code int} function returns is undefined, so {@link #callInt} and {@link #call} differ.
 *
 * <p>Memory is passed by address: whoever calls keeps it alive until the call returns. Only memory of an arena that
 * the calling method itself holds open is ever passed.
 *
 * @param name as in its manual page
 * @param handle the downcall
 */
record NativeFunction(String name, MethodHandle handle) {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option CAPTURE_ERRNO = Linker.Option.captureCallState("errno");
    private static final FunctionDescriptor SHAPE =
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

    /** Where errno lies in the captured state: the linker captures nothing else on Linux. */
    private static final long ERRNO_OFFSET = 0;

    /**
     * One capture segment for each thread. It lives as long as its thread does, which no arena but the automatic one
     * can express.
     */
    private static final ThreadLocal<MemorySegment> STATE = new ThreadLocal<>() {
        @Override
        protected MemorySegment initialValue() {
            return Arena.ofAuto().allocate(Linker.Option.captureStateLayout());
        }
    };

    /** Takes the errno of calls whose failure does not matter: any thread may overwrite it, nobody reads it. */
    private static final MemorySegment IGNORED = Arena.global().allocate(Linker.Option.captureStateLayout());

    /** The function of this name, which every supported C library has. */
    static NativeFunction of(String name) {
        NativeFunction function = find(name);
        if (function == null) {
            throw new UnsupportedOperationException(
                    "the C library has no " + name + "(): glibc 2.29 or newer is needed");
        }
        return function;
    }

    /** The function of this name, or null where the C library lacks it. */
    static @Nullable NativeFunction find(String name) {
        Optional<MemorySegment> address = LINKER.defaultLookup().find(name);
        return address.isEmpty() ? null : at(name, address.get());
    }

    /** The function at this address, which stays there for as long as it is called. */
    static NativeFunction at(String name, MemorySegment address) {
        return new NativeFunction(name, LINKER.downcallHandle(address, SHAPE, CAPTURE_ERRNO));
    }

    /** Calls a function that returns an {@code int}: its result, or the negated errno when that is -1. */
    int callInt(long a, long b, long c, long d, long e, long f) {
        while (true) {
            MemorySegment state = STATE.get();
            int result = (int) invoke(state, a, b, c, d, e, f);
            if (result != -1) {
                return result;
            }
            int errno = state.get(JAVA_INT, ERRNO_OFFSET);
            if (errno != Errno.EINTR) {
                return -errno;
            }
        }
    }

    /** Calls a function that returns a {@code long}, {@code ssize_t} or pointer: as {@link #callInt}. */
    long call(long a, long b, long c, long d, long e, long f) {
        while (true) {
            MemorySegment state = STATE.get();
            long result = invoke(state, a, b, c, d, e, f);
            if (result != -1) {
                return result;
            }
            int errno = state.get(JAVA_INT, ERRNO_OFFSET);
            if (errno != Errno.EINTR) {
                return -errno;
            }
        }
    }

    /** Calls once, whatever comes back: {@code EINTR} is not retried and errno is lost. Allocates nothing once compiled. */
    long callOnce(long a, long b, long c, long d, long e, long f) {
        return invoke(IGNORED, a, b, c, d, e, f);
    }

    private long invoke(MemorySegment state, long a, long b, long c, long d, long e, long f) {
        try {
            return (long) handle.invokeExact(state, a, b, c, d, e, f);
        } catch (RuntimeException | Error unchecked) {
            throw unchecked;
        } catch (Throwable impossible) {
            throw new AssertionError("a downcall threw a checked exception", impossible);
        }
    }
}
