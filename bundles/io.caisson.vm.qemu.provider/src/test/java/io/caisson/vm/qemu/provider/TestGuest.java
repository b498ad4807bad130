package io.caisson.vm.qemu.provider;

import io.caisson.kernel.api.Kernel;
import io.caisson.vm.api.InitialRamdisk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.zip.GZIPInputStream;

/**
 * What the tests' machines start: the project's own kernel, and an initial RAM disk of Debian's busybox-static and a
 * script that does what the kernel argument {@code caisson.test=} says.
 */
final class TestGuest {
    /** What the script prints first. */
    static final String READY = "guest: ready";

    private static final String CARRIER = "/io/caisson/kernel/bundled/provider/";
    private static final Path BUSYBOX = Path.of("/bin/busybox");

    private static final String SCRIPT = """
            #!/bin/sh
            echo 'guest: ready'
            mount -t proc proc /proc
            mount -t sysfs sys /sys
            mount -t devtmpfs dev /dev
            for word in $(cat /proc/cmdline); do
              case $word in
              caisson.test=poweroff) reboot -f ;;
              caisson.test=panic) exit 7 ;;
              caisson.test=disks)
                for disk in /sys/block/vd*; do
                  device=/dev/${disk##*/}
                  echo "guest: serial $(cat "$disk/serial") ro $(cat "$disk/ro") sectors $(cat "$disk/size")"
                  case $(cat "$disk/serial") in
                  caisson-0) head -c 12 "$device"; echo > "$device" || echo 'guest: cannot write slot 0' ;;
                  caisson-1) echo 'guest was here' > "$device"; dd if=/dev/zero of="$device" bs=1M seek=1 count=4 ;;
                  esac
                done 2>&1
                sync
                reboot -f ;;
              caisson.test=host)
                echo "guest: processors $(nproc)"
                echo "guest: clock $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
                echo "guest: memory $(sed -n 's/MemTotal: *//p' /proc/meminfo)"
                echo "guest: random $(head -c 8 /dev/hwrng | wc -c)"
                reboot -f ;;
              esac
            done
            while :; do sleep 1000; done
            """;

    private TestGuest() {}

    /** The kernel that the kernel bundle carries, unpacked into a directory. */
    static Kernel kernel(Path directory) throws IOException {
        var record = new Properties();
        try (InputStream in = resource("vmlinux.properties")) {
            record.load(in);
        }
        Path image = directory.resolve("vmlinux");
        try (var in = new GZIPInputStream(resource("vmlinux.gz"))) {
            Files.copy(in, image, StandardCopyOption.REPLACE_EXISTING);
        }
        return new Kernel(
                "default",
                "amd64",
                record.getProperty("release", ""),
                image.toAbsolutePath(),
                List.of(),
                Set.of(record.getProperty("capabilities", "").split(",")));
    }

    private static InputStream resource(String name) throws IOException {
        InputStream stream = TestGuest.class.getResourceAsStream(CARRIER + name);
        if (stream == null) {
            throw new IOException("the kernel bundle is not on the class path");
        }
        return stream;
    }

    /** The initial RAM disk. */
    static InitialRamdisk ramdisk() throws IOException {
        byte[] contents = archive();
        return new InitialRamdisk() {
            @Override
            public String identity() {
                return "test-" + Arrays.hashCode(contents);
            }

            @Override
            public long size() {
                return contents.length;
            }

            @Override
            public void writeTo(OutputStream target) throws IOException {
                target.write(contents);
            }
        };
    }

    private static byte[] archive() throws IOException {
        var archive = new ByteArrayOutputStream();
        for (String directory : List.of("bin", "dev", "proc", "sys")) {
            entry(archive, directory, 040755, 0, new byte[0]);
        }
        entry(archive, "dev/console", 020600, 5, new byte[0]);
        entry(archive, "bin/busybox", 0100755, 0, Files.readAllBytes(BUSYBOX));
        for (String applet :
                List.of("sh", "mount", "cat", "head", "dd", "sync", "reboot", "nproc", "sed", "wc", "sleep")) {
            entry(archive, "bin/" + applet, 0120777, 0, "busybox".getBytes(StandardCharsets.US_ASCII));
        }
        entry(archive, "init", 0100755, 0, SCRIPT.getBytes(StandardCharsets.UTF_8));
        entry(archive, "TRAILER!!!", 0, 0, new byte[0]);
        return archive.toByteArray();
    }

    /** The format "newc", Documentation/driver-api/early-userspace/buffer-format.rst of Linux. */
    private static void entry(ByteArrayOutputStream archive, String name, int mode, int device, byte[] contents) {
        int[] fields = {
            archive.size(), mode, 0, 0, 1, 0, contents.length, 0, 0, device, device == 0 ? 0 : 1, name.length() + 1, 0
        };
        var header = new StringBuilder("070701");
        for (int field : fields) {
            header.append(String.format("%08x", field));
        }
        archive.writeBytes((header + name + "\0").getBytes(StandardCharsets.US_ASCII));
        pad(archive);
        archive.writeBytes(contents);
        pad(archive);
    }

    private static void pad(ByteArrayOutputStream archive) {
        while (archive.size() % 4 != 0) {
            archive.write(0);
        }
    }
}
