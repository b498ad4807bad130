package io.caisson.vm.qemu.provider;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A guest of some three hundred bytes that shows whether a processor's virtualization executes guest code, and how fast.
 *
 * <p>It enters 64-bit mode as a kernel does and then, without end, takes {@link #STEPS} steps and writes one character
 * to port {@link #PORT} (QEMU's {@code isa-debugcon}). A step is a {@code lock cmpxchg16b}, which the kernel's memory
 * allocator lives on and which emulated virtualization has been seen to lack, and an increment in memory.
 *
 * <p>Written out by hand, so that no build needs an assembler.
 */
final class ProbeGuest {
    /** Steps between two characters: one or two milliseconds' work of a processor, ten of QEMU's translation. */
    static final int STEPS = 100_000;

    /** The port the characters go to. */
    static final int PORT = 0xe9;

    private static final int ADDRESS = 0x100000;

    private ProbeGuest() {}

    /** The executable. */
    static byte[] image() {
        return PvhExecutable.of(ADDRESS, code(), ADDRESS);
    }

    private static byte[] code() {
        var code = new Code();
        // 32-bit protected mode, flat segments, no paging, memory all zero. One page table identity-maps 4 MiB.
        code.bytes(0xfa); //                                           cli
        code.bytes(0xc7, 0x05).int32(0x200000).int32(0x201003); //     mov dword [0x200000], 0x201003   PML4[0]
        code.bytes(0xc7, 0x05).int32(0x201000).int32(0x202003); //     mov dword [0x201000], 0x202003   PDPT[0]
        code.bytes(0xc7, 0x05).int32(0x202000).int32(0x000083); //     mov dword [0x202000], 0x000083   PD[0], 2 MiB
        code.bytes(0xc7, 0x05).int32(0x202008).int32(0x200083); //     mov dword [0x202008], 0x200083   PD[1], 2 MiB
        code.bytes(0xb8).int32(0x200000); //                           mov eax, 0x200000
        code.bytes(0x0f, 0x22, 0xd8); //                               mov cr3, eax
        code.bytes(0x0f, 0x20, 0xe0); //                               mov eax, cr4
        code.bytes(0x83, 0xc8, 0x20); //                               or eax, 0x20                     PAE
        code.bytes(0x0f, 0x22, 0xe0); //                               mov cr4, eax
        code.bytes(0xb9).int32(0xc0000080); //                         mov ecx, 0xc0000080              EFER
        code.bytes(0x0f, 0x32); //                                     rdmsr
        code.bytes(0x0d).int32(0x100); //                              or eax, 0x100                    LME
        code.bytes(0x0f, 0x30); //                                     wrmsr
        code.bytes(0x0f, 0x20, 0xc0); //                               mov eax, cr0
        code.bytes(0x0d).int32(0x80000000); //                         or eax, 0x80000000               PG
        code.bytes(0x0f, 0x22, 0xc0); //                               mov cr0, eax
        int table = code.bytes(0x0f, 0x01, 0x15).forwardAddress(); //  lgdt [table]
        int longMode = code.bytes(0xea).forwardAddress(); //           jmp 8:longMode
        code.bytes(0x08, 0x00);

        code.here(longMode); // 64-bit mode
        code.bytes(0xbf).int32(0x203000); //                           mov edi, 0x203000
        int round = code.length();
        code.bytes(0xbe).int32(STEPS); //                      round:  mov esi, STEPS
        int step = code.length();
        code.bytes(0xf0, 0x48, 0x0f, 0xc7, 0x0f); //           step:   lock cmpxchg16b [rdi]
        code.bytes(0x48, 0xff, 0x47, 0x20); //                         inc qword [rdi+32]
        code.bytes(0xff, 0xce); //                                     dec esi
        code.bytes(0x75).backwardDistance(step); //                    jnz step
        code.bytes(0xb0, '.'); //                                      mov al, '.'
        code.bytes(0xe6, PORT); //                                     out PORT, al
        code.bytes(0xeb).backwardDistance(round); //                   jmp round

        int descriptors = code.length();
        code.int32(0).int32(0); //                                     the null descriptor
        code.int32(0).int32(0x00209a00); //                            64-bit code, SDM vol. 3 section 3.4.5
        code.here(table);
        return code.bytes(15, 0).int32(ADDRESS + descriptors).padded();
    }

    /** Machine code as it grows; addresses are absolute. */
    private static final class Code {
        private final ByteBuffer buffer = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);

        Code bytes(int... bytes) {
            for (int b : bytes) {
                buffer.put((byte) b);
            }
            return this;
        }

        Code int32(int value) {
            buffer.putInt(value);
            return this;
        }

        int length() {
            return buffer.position();
        }

        /** Leaves room for the address of a place that {@link #here} will name. */
        int forwardAddress() {
            int hole = buffer.position();
            buffer.putInt(0);
            return hole;
        }

        /** This is the place whose address belongs into that hole. */
        void here(int hole) {
            buffer.putInt(hole, ADDRESS + buffer.position());
        }

        /** The distance of a short jump backwards. */
        void backwardDistance(int target) {
            buffer.put((byte) (target - (buffer.position() + 1)));
        }

        /** All of it, to a multiple of four bytes, as what follows is aligned. */
        byte[] padded() {
            byte[] all = new byte[(buffer.position() + 3) & ~3];
            buffer.get(0, all, 0, buffer.position());
            return all;
        }
    }
}
