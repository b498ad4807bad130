package io.caisson.host.linux.ffm;

import java.lang.foreign.Arena;

/** Calls that make and map memory. */
final class MemoryCalls {
    /** mmap(2) constants of include/uapi/asm-generic/mman-common.h. */
    static final int PROT_READ = 1;

    static final int PROT_WRITE = 2;
    static final int PROT_EXEC = 4;
    static final int MAP_SHARED = 1;
    static final int MAP_PRIVATE = 2;
    static final int MAP_ANONYMOUS = 0x20;

    /** memfd_create(2) flags of include/uapi/linux/memfd.h. */
    static final int MFD_CLOEXEC = 1;

    static final int MFD_ALLOW_SEALING = 2;

    private record Functions(
            NativeFunction memfdCreate, NativeFunction mmap, NativeFunction mprotect, NativeFunction munmap) {}

    private static final Functions C = new Functions(
            NativeFunction.of("memfd_create"),
            NativeFunction.of("mmap"),
            NativeFunction.of("mprotect"),
            NativeFunction.of("munmap"));

    private MemoryCalls() {}

    /** memfd_create(2): a descriptor of an empty file that may be sealed. The name is for {@code /proc}. */
    static int memfdCreate(String name) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            int result = C.memfdCreate.callInt(
                    FileCalls.cString(arena, name).address(), MFD_CLOEXEC | MFD_ALLOW_SEALING, 0, 0, 0, 0);
            if (result < 0) {
                throw new SystemCallException("memfd_create", name, -result);
            }
            return result;
        }
    }

    /** mmap(2), shared, at an address of the kernel's choice: the address. */
    static long mmap(long length, int protection, int fd, long offset) throws SystemCallException {
        long result = C.mmap.call(0, length, protection, MAP_SHARED, fd, offset);
        if (result < 0) {
            throw new SystemCallException("mmap", "descriptor " + fd + ", " + length + " at " + offset, (int) -result);
        }
        return result;
    }

    /** mmap(2), private and anonymous, for reading and writing: the address. */
    static long mmapPrivate(long length) throws SystemCallException {
        long result = C.mmap.call(0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (result < 0) {
            throw new SystemCallException("mmap", "anonymous, " + length, (int) -result);
        }
        return result;
    }

    /** mprotect(2): 0. */
    static void mprotect(long address, long length, int protection) throws SystemCallException {
        int result = C.mprotect.callInt(address, length, protection, 0, 0, 0);
        if (result < 0) {
            throw new SystemCallException("mprotect", length + " bytes, " + protection, -result);
        }
    }

    /** munmap(2). Fails only for addresses that were never mapped, which its one caller does not pass. */
    static void munmap(long address, long length) {
        C.munmap.callOnce(address, length, 0, 0, 0, 0);
    }
}
