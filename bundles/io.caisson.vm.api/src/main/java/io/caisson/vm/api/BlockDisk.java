package io.caisson.vm.api;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.nio.file.Path;

/**
 * A disk for a block slot: a raw image file. A writable one belongs to one machine at a time.
 *
 * @param image the image file
 * @param readOnly whether the guest may not write; such an image may serve many machines
 */
public record BlockDisk(Path image, boolean readOnly) {
    /** Checks that the path is absolute. */
    public BlockDisk {
        if (!image.isAbsolute()) {
            throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "disk image path is not absolute: " + image);
        }
    }
}
