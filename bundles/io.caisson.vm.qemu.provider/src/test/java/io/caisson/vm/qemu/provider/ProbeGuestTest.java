package io.caisson.vm.qemu.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class ProbeGuestTest {
    /** Assembled by GNU as 2.40 and ld from the instructions that {@link ProbeGuest} names in its comments. */
    private static final String ASSEMBLED = """
            fac7050000200003102000c7050010200003202000c7050020200083000000c7050820200083002000b8000020000f22\
            d80f20e083c8200f22e0b9800000c00f320d000100000f300f20c00d000000800f22c00f01158e001000ea6100100008\
            00bf00302000bea0860100f0480fc70f48ff4720ffce75f3b02ee6e9ebe8000000000000000000000000009a20000f00\
            7e001000""";

    @Test
    void itsCodeIsWhatAnAssemblerMakesOfIt() {
        String image = HexFormat.of().formatHex(ProbeGuest.image());
        assertEquals(ASSEMBLED, image.substring(2 * (64 + 2 * 56), image.length() - 2 * 20));
    }
}
