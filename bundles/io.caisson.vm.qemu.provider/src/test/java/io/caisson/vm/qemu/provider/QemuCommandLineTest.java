package io.caisson.vm.qemu.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.vm.qemu.provider.MachineLayout.Beginning;
import io.caisson.vm.qemu.provider.MachineLayout.Devices;
import io.caisson.vm.qemu.provider.MachineLayout.Kernel;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;

class QemuCommandLineTest {
    private final MachineType type = new Microvm();

    private static MachineLayout layout(int processors, Acceleration.Kind acceleration, Beginning beginning) {
        return new MachineLayout("box", processors, 256, 10, acceleration, beginning, 8, 9);
    }

    private static MachineLayout layout(
            int processors, Acceleration.Kind acceleration, Set<String> capabilities, List<String> kernelArguments) {
        return layout(processors, acceleration, new Beginning.Boot(kernel(capabilities, kernelArguments), devices()));
    }

    private static Kernel kernel(Set<String> capabilities, List<String> arguments) {
        return new Kernel(3, 4, capabilities, arguments, OptionalLong.of(2_600_000));
    }

    private static Devices devices() {
        return new Devices(7, List.of(new MachineLayout.Disk(5, true), new MachineLayout.Disk(6, false)));
    }

    private String kernelCommandLine(MachineLayout layout) {
        List<String> line = QemuCommandLine.of(type, layout);
        return line.get(line.indexOf("-append") + 1);
    }

    @Test
    void ofATranslatedMachineIsExactlyThis() {
        MachineLayout layout =
                layout(1, Acceleration.Kind.TCG, Set.of(Microvm.LAPIC_TIMER_HZ), List.of("caisson.mode=x"));
        assertEquals("""
                -name box
                -nodefaults
                -no-user-config
                -display none
                -no-reboot
                -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny
                -accel tcg,tb-size=128
                -machine microvm,acpi=off,memory-backend=memory,dump-guest-core=off
                -cpu max,-erms
                -smp 1
                -m 256M
                -object memory-backend-file,id=memory,share=on,size=256M,mem-path=/proc/self/fd/10
                -chardev socket,id=qmp,fd=8
                -mon chardev=qmp,mode=control
                -chardev socket,id=console,fd=9
                -serial chardev:console
                -global virtio-mmio.force-legacy=false
                -kernel /proc/self/fd/3
                -initrd /proc/self/fd/4
                -append console=ttyS0 quiet reboot=t panic=-1 pci=off no_timer_check noreplace-smp \
                lapic_timer_hz=1000000000 tsc_early_khz=2600000 tsc=reliable caisson.mode=x
                -object rng-builtin,id=random
                -device virtio-rng-device,rng=random
                -chardev socket,id=vsock,fd=7
                -device vhost-user-vsock-device,chardev=vsock
                -add-fd fd=5,set=0
                -blockdev driver=file,node-name=disk0,filename=/dev/fdset/0,aio=threads,read-only=on
                -device virtio-blk-device,drive=disk0,serial=caisson-0,werror=report
                -add-fd fd=6,set=1
                -blockdev driver=file,node-name=disk1,filename=/dev/fdset/1,aio=threads,\
                discard=unmap,detect-zeroes=unmap
                -device virtio-blk-device,drive=disk1,serial=caisson-1,werror=report
                """, String.join(" ", QemuCommandLine.of(type, layout)).replace(" -", "\n-") + "\n");
    }

    @Test
    void ofATemplateNamesThePlacesOfDevicesAndHasNone() {
        Kernel kernel = kernel(Set.of(Microvm.LAPIC_TIMER_HZ), List.of());
        MachineLayout layout = layout(1, Acceleration.Kind.TCG, new Beginning.Template(kernel));
        assertFalse(QemuCommandLine.of(type, layout).contains("-device"));
        String words = kernelCommandLine(layout);
        assertTrue(words.contains(" no_console_suspend virtio_mmio.device=512@0xfeb00000:5 "), words);
        assertTrue(words.endsWith(" virtio_mmio.device=512@0xfeb00e00:12"), words);
    }

    /** What goes on must be the machine that was saved, but for the devices. */
    @Test
    void ofAMachineThatGoesOnIsThatOfTheTemplateWithAnotherKernelAndDevices() {
        var template = new ArrayList<>(QemuCommandLine.of(
                type, layout(2, Acceleration.Kind.TCG, new Beginning.Template(kernel(Set.of(), List.of())))));
        List<String> resumed = QemuCommandLine.of(
                type,
                layout(
                        2,
                        Acceleration.Kind.TCG,
                        new Beginning.Resume(3, Instant.ofEpochSecond(1_000_000_000), devices())));
        for (String option : List.of("-kernel", "-initrd", "-append")) {
            int at = template.indexOf(option);
            template.subList(at, at + 2).clear();
        }
        assertEquals(template, resumed.subList(0, template.size()));
        List<String> rest = resumed.subList(template.size(), resumed.size());
        assertEquals(
                List.of("-S", "-kernel", "/proc/self/fd/3", "-rtc", "base=2001-09-09T01:46:41"), rest.subList(0, 5));
        assertTrue(rest.contains("vhost-user-vsock-device,chardev=vsock"), rest.toString());
    }

    @Test
    void ofAnAcceleratedMachineLeavesItsClocksToTheKernel() {
        MachineLayout layout = layout(2, Acceleration.Kind.KVM, Set.of(Microvm.LAPIC_TIMER_HZ), List.of());
        List<String> line = QemuCommandLine.of(type, layout);
        assertEquals("kvm", line.get(line.indexOf("-accel") + 1));
        assertEquals("host", line.get(line.indexOf("-cpu") + 1));
        assertEquals("console=ttyS0 quiet reboot=t panic=-1 pci=off", kernelCommandLine(layout));
    }

    @Test
    void translatesSeveralProcessorsOnOneThreadAndLeavesThemTheirTimers() {
        MachineLayout layout = layout(4, Acceleration.Kind.TCG, Set.of(), List.of());
        List<String> line = QemuCommandLine.of(type, layout);
        assertTrue(line.get(line.indexOf("-accel") + 1).endsWith(",thread=single"), line.toString());
        assertEquals("4", line.get(line.indexOf("-smp") + 1));
        assertFalse(kernelCommandLine(layout).contains("apic"), kernelCommandLine(layout));
    }

    @Test
    void givesUpTheLocalTimerOnlyWhereItsRateCannotBeTold() {
        assertTrue(kernelCommandLine(layout(1, Acceleration.Kind.TCG, Set.of(), List.of()))
                .contains(" noapictimer "));
        String told = kernelCommandLine(layout(1, Acceleration.Kind.TCG, Set.of(Microvm.LAPIC_TIMER_HZ), List.of()));
        assertTrue(told.contains(" lapic_timer_hz=") && !told.contains("noapictimer"), told);
    }

    @Test
    void refusesAKernelCommandLineThatTheKernelWouldCutOff() {
        String argument = "a".repeat(2000);
        var failure = assertThrows(
                CaissonException.class,
                () -> QemuCommandLine.of(type, layout(1, Acceleration.Kind.TCG, Set.of(), List.of(argument))));
        assertEquals(ErrorKind.INVALID_ARGUMENT, failure.kind());
    }

    @Test
    void serialsFitIntoVirtiosTwentyCharacters() {
        for (int slot = 0; slot < type.mostDisks(); slot++) {
            assertTrue(QemuCommandLine.diskSerial(slot).length() <= 20);
        }
    }
}
