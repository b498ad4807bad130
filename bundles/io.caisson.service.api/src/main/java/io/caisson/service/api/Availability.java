package io.caisson.service.api;

import java.util.Objects;

/**
 * Whether a provider can serve on this host.
 *
 * @param available whether it can
 * @param reason why it cannot; empty when it can
 * @param remedy what a person can do about that; empty when nothing is known to help
 */
public record Availability(boolean available, String reason, String remedy) {
    private static final Availability AVAILABLE = new Availability(true, "", "");

    /** Checks that an unavailable provider says why. */
    public Availability {
        Objects.requireNonNull(reason, "reason");
        Objects.requireNonNull(remedy, "remedy");
        if (available != reason.isEmpty()) {
            throw new IllegalArgumentException("a provider gives a reason exactly when it is unavailable");
        }
    }

    /** The provider can serve. */
    public static Availability yes() {
        return AVAILABLE;
    }

    /** The provider cannot serve, for this reason and with this remedy. */
    public static Availability no(String reason, String remedy) {
        return new Availability(false, reason, remedy);
    }
}
