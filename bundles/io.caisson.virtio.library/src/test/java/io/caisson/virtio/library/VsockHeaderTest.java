package io.caisson.virtio.library;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class VsockHeaderTest {
    @Test
    void writesTheBytesOfTheSpecification() throws Exception {
        VsockHeader header = new VsockHeader();
        header.address(VsockHeader.HOST_CID, 0x11223344, 0x0102030405060708L, 0xffeeddcc);
        header.operation(VsockHeader.OP_SHUTDOWN, VsockHeader.SHUTDOWN_BOTH, 0x00010203);
        header.credit(0x00040000, 0x80000001);
        try (Rig rig = new Rig(true)) {
            rig.driver.add(new long[] {Rig.BUFFERS, Rig.BUFFERS + 10}, new int[] {10, 100}, 0);
            rig.device.next(rig.chain);
            header.writeTo(rig.chain);
            byte[] bytes = rig.bytes.asSlice(Rig.BUFFERS, 44).toArray(ValueLayout.JAVA_BYTE);
            assertArrayEquals(
                    HexFormat.of()
                            .parseHex("0200000000000000" + "0807060504030201" + "44332211" + "ccddeeff" + "03020100"
                                    + "0100" + "0400" + "03000000" + "00000400" + "01000080"),
                    bytes);
        }
    }

    @Test
    void readsWhatItWrote() throws Exception {
        VsockHeader out = new VsockHeader();
        out.address(7, -1, VsockHeader.HOST_CID, 1024);
        out.operation(VsockHeader.OP_RW, 0, 6);
        out.credit(65536, 99);
        try (Rig rig = new Rig(true)) {
            rig.driver.add(new long[] {Rig.BUFFERS}, new int[] {50}, 0);
            rig.device.next(rig.chain);
            out.writeTo(rig.chain);
            rig.driver.add(new long[] {Rig.BUFFERS}, new int[] {50}, 1);
            rig.device.next(rig.chain);
            VsockHeader in = new VsockHeader();
            in.readFrom(rig.chain);
            assertEquals(7, in.srcCid());
            assertEquals(VsockHeader.HOST_CID, in.dstCid());
            assertEquals(-1, in.srcPort());
            assertEquals(1024, in.dstPort());
            assertEquals(VsockHeader.TYPE_STREAM, in.type());
            assertEquals(VsockHeader.OP_RW, in.op());
            assertEquals(0, in.flags());
            assertEquals(6, in.len());
            assertEquals(65536, in.bufAlloc());
            assertEquals(99, in.fwdCnt());
        }
    }
}
