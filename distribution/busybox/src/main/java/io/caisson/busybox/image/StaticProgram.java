package io.caisson.busybox.image;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * An ELF program that needs no other file to run (System V ABI, "Object Files": ELF header and program header; 64 bits,
 * little-endian).
 */
final class StaticProgram {
    private static final int MAGIC = 0x464c457f;
    private static final int PT_INTERP = 3;

    private final byte[] content;
    private final String architecture;

    private StaticProgram(byte[] content, String architecture) {
        this.content = content;
        this.architecture = architecture;
    }

    /** The file; not a copy. */
    byte[] content() {
        return content;
    }

    /** What it runs on, in the OCI image specification's names. */
    String architecture() {
        return architecture;
    }

    static StaticProgram read(Path file) throws IOException {
        byte[] content = Files.readAllBytes(file);
        var elf = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        try {
            if (elf.getInt(0) != MAGIC || elf.get(4) != 2 || elf.get(5) != 1) {
                throw new IOException("no 64-bit ELF program");
            }
            // e_phoff, e_phentsize, e_phnum
            long headers = elf.getLong(32);
            int headerSize = elf.getShort(54) & 0xffff;
            int count = elf.getShort(56) & 0xffff;
            for (int i = 0; i < count; i++) {
                if (elf.getInt(Math.toIntExact(headers + (long) i * headerSize)) == PT_INTERP) {
                    throw new IOException("dynamically linked, so it would need libraries in the image");
                }
            }
            return new StaticProgram(content, architecture(elf.getShort(18)));
        } catch (IndexOutOfBoundsException | BufferUnderflowException | ArithmeticException e) {
            throw new IOException("truncated ELF program", e);
        }
    }

    /** {@code e_machine}. */
    private static String architecture(int machine) throws IOException {
        return switch (machine) {
            case 62 -> "amd64";
            case 183 -> "arm64";
            default -> throw new IOException("ELF machine " + machine + " is neither x86-64 nor AArch64");
        };
    }
}
