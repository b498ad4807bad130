package io.caisson.guest.api;

import java.util.Objects;
import java.util.Set;

/**
 * What a guest says of itself.
 *
 * @param protocolVersion the protocol version both sides speak, from 1
 * @param features what it can beyond every guest of that version
 * @param initVersion the version of its init
 * @param kernelRelease {@code uname -r}
 * @param machine {@code uname -m}
 */
public record GuestInfo(
        int protocolVersion, Set<String> features, String initVersion, String kernelRelease, String machine) {
    /** Copies the features. */
    public GuestInfo {
        features = Set.copyOf(features);
        Objects.requireNonNull(initVersion, "initVersion");
        Objects.requireNonNull(kernelRelease, "kernelRelease");
        Objects.requireNonNull(machine, "machine");
    }
}
