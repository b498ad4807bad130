package io.caisson.vm.qemu.provider;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A version of QEMU.
 *
 * @param major such as 7
 * @param minor such as 2
 * @param text all of it, such as {@code 7.2.22}
 */
record QemuVersion(int major, int minor, String text) {
    /** The first with microvm's direct kernel start and vhost-user vsock as they are used here, and tested. */
    static final QemuVersion OLDEST = new QemuVersion(7, 2, "7.2");

    private static final int LONGEST = 64;

    /** Reads {@code 7.2.22}. */
    static Optional<QemuVersion> parse(String text) {
        var version =
                Pattern.compile("(\\d{1,4})\\.(\\d{1,4})(\\.[0-9A-Za-z.~+-]*)?").matcher(text);
        return text.length() <= LONGEST && version.matches()
                ? Optional.of(
                        new QemuVersion(Integer.parseInt(version.group(1)), Integer.parseInt(version.group(2)), text))
                : Optional.empty();
    }

    /** Reads what {@code qemu-system-… --version} prints. */
    static Optional<QemuVersion> parseOutput(String output) {
        var line = Pattern.compile("QEMU emulator version (\\S+)").matcher(output);
        return line.find() ? parse(line.group(1)) : Optional.empty();
    }

    boolean isOlderThan(QemuVersion other) {
        return major != other.major ? major < other.major : minor < other.minor;
    }

    @Override
    public String toString() {
        return text;
    }
}
