package io.caisson.host.linux.ffm;

import io.caisson.service.api.Availability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this process and its host are. */
public final class HostInfo {
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private HostInfo() {}

    /**
     * Whether the JVM lets this bundle call native code. One that was not told to allow it prints a warning at the
     * first call, and with {@code --illegal-native-access=deny} refuses.
     */
    public static Availability nativeAccess() {
        if (HostInfo.class.getModule().isNativeAccessEnabled()) {
            return Availability.yes();
        }
        try {
            userId();
            return Availability.yes();
        } catch (IllegalCallerException | LinkageError refused) {
            return Availability.no(
                    "the JVM does not allow bundles to call native code",
                    "start it with --enable-native-access=ALL-UNNAMED");
        }
    }

    /** The user id of this process, 0 to 2^32-2. */
    public static long userId() {
        return Integer.toUnsignedLong(HostCalls.getuid());
    }

    /** Names this boot of the host, proc(5): another boot has another. */
    public static String bootId() throws IOException {
        return Files.readString(BOOT_ID).strip();
    }
}
