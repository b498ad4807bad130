package io.caisson.kernel.api;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * A bootable kernel.
 *
 * @param name the variant, such as {@code default}
 * @param architecture in OCI terms, such as {@code amd64}
 * @param release what {@code uname -r} prints in the guest
 * @param image the uncompressed image a VM provider loads: an ELF vmlinux with a PVH note on amd64, an Image on arm64
 * @param arguments kernel command line arguments this kernel wants on any machine
 * @param capabilities what it has built in, in the words of {@code kernel/capabilities}: {@code fs.erofs}, {@code
 *     param.lapic_timer_hz} …
 */
public record Kernel(
        String name,
        String architecture,
        String release,
        Path image,
        List<String> arguments,
        Set<String> capabilities) {
    /** Checks the name, copies the collections. */
    public Kernel {
        if (name.isBlank() || architecture.isBlank() || release.isBlank()) {
            throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "a kernel needs a name, architecture and release");
        }
        if (!image.isAbsolute()) {
            throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "kernel image path is not absolute: " + image);
        }
        arguments = List.copyOf(arguments);
        capabilities = Set.copyOf(capabilities);
    }
}
