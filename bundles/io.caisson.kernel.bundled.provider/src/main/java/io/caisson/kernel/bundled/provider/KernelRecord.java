package io.caisson.kernel.bundled.provider;

import io.caisson.service.api.Platform;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Properties;
import java.util.Set;

/**
 * What the kernel's build says of the kernel it made.
 *
 * @param variant such as {@code default}
 * @param architecture in OCI terms
 * @param release what {@code uname -r} prints
 * @param sha256 of the uncompressed image, in hexadecimal
 * @param size of the uncompressed image in bytes
 * @param capabilities what is built in
 */
record KernelRecord(
        String variant, String architecture, String release, String sha256, long size, Set<String> capabilities) {
    KernelRecord {
        capabilities = Set.copyOf(capabilities);
    }

    /**
     * Reads the record that {@code kernel/build} writes.
     *
     * @throws IOException it cannot be read or lacks something
     */
    static KernelRecord read(InputStream stream) throws IOException {
        var values = new Properties();
        values.load(stream);
        try {
            return new KernelRecord(
                    value(values, "variant"),
                    Platform.linux(value(values, "arch")).architecture(),
                    value(values, "release"),
                    value(values, "sha256"),
                    Long.parseLong(value(values, "size")),
                    Set.copyOf(List.of(values.getProperty("capabilities", "").split(","))));
        } catch (NumberFormatException e) {
            throw new IOException("kernel record has no size", e);
        }
    }

    private static String value(Properties values, String name) throws IOException {
        String value = values.getProperty(name);
        if (value == null || value.isEmpty()) {
            throw new IOException("kernel record has no " + name);
        }
        return value;
    }
}
