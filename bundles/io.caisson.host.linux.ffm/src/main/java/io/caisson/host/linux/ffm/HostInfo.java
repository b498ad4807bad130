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
     * Whether the JVM lets this bundle call native code. Without the flag it only warns today; with
     * {@code --illegal-native-access=deny} every call fails.
     */
    public static Availability nativeAccess() {
        return HostInfo.class.getModule().isNativeAccessEnabled()
                ? Availability.yes()
                : Availability.no(
                        "the JVM does not allow native access to bundles",
                        "start it with --enable-native-access=ALL-UNNAMED");
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
