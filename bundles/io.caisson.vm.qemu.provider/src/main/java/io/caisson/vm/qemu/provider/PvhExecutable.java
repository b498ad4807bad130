package io.caisson.vm.qemu.provider;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * An ELF-64 executable (System V ABI) that is entered in 32-bit protected mode by way of its PVH note (Xen
 * docs/misc/pvh.pandoc), as our kernels are.
 */
final class PvhExecutable {
    private static final int ELF_HEADER = 64;
    private static final int PROGRAM_HEADER = 56;

    /** XEN_ELFNOTE_PHYS32_ENTRY, xen/include/public/elfnote.h: the note whose content is the 32-bit entry point. */
    private static final int PHYS32_ENTRY = 18;

    private static final int PT_LOAD = 1;
    private static final int PT_NOTE = 4;

    private PvhExecutable() {}

    /**
     * Makes one.
     *
     * @param address physical, where the contents go
     * @param contents a multiple of four bytes
     * @param entry physical
     */
    static byte[] of(int address, byte[] contents, int entry) {
        byte[] note = note(entry);
        int contentsAt = ELF_HEADER + 2 * PROGRAM_HEADER;
        int noteAt = contentsAt + contents.length;
        byte[] image = new byte[noteAt + note.length];
        ByteBuffer elf = littleEndian(image);
        elf.putInt(0x464c457f); // e_ident: magic,
        elf.put((byte) 2).put((byte) 1).put((byte) 1); // 64 bits, little-endian, version 1
        elf.position(16);
        elf.putShort((short) 2).putShort((short) 62).putInt(1); // executable, x86-64, version 1
        elf.putLong(entry).putLong(ELF_HEADER).putLong(0).putInt(0); // entry, program headers, no sections, no flags
        elf.putShort((short) ELF_HEADER).putShort((short) PROGRAM_HEADER).putShort((short) 2);
        elf.position(ELF_HEADER);
        programHeader(elf, PT_LOAD, address, contentsAt, contents.length);
        programHeader(elf, PT_NOTE, address, noteAt, note.length);
        elf.put(contents).put(note);
        return image;
    }

    private static void programHeader(ByteBuffer elf, int type, long address, long offset, long size) {
        elf.putInt(type).putInt(5); // readable and executable
        elf.putLong(offset)
                .putLong(address)
                .putLong(address)
                .putLong(size)
                .putLong(size)
                .putLong(4);
    }

    private static byte[] note(int entry) {
        byte[] note = new byte[20];
        littleEndian(note)
                .putInt(4)
                .putInt(4)
                .putInt(PHYS32_ENTRY)
                .putInt(0x006e6558) // "Xen"
                .putInt(entry);
        return note;
    }

    private static ByteBuffer littleEndian(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
