package io.caisson.container.provider;

import io.caisson.image.api.ImageConfig;
import java.util.Locale;

/** The signal that asks an image's command to end (OCI image-spec v1.1, "OCI Image Configuration", StopSignal). */
final class StopSignal {
    static final int SIGKILL = 9;
    private static final int SIGTERM = 15;
    private static final int SIGRTMIN = 34;
    private static final int SIGRTMAX = 64;

    private StopSignal() {}

    /** By name or number, as the image says; SIGTERM when it says nothing or nothing that is known. */
    static int of(ImageConfig config) {
        return config.stopSignal().map(StopSignal::number).orElse(SIGTERM);
    }

    private static int number(String text) {
        String name = text.strip().toUpperCase(Locale.ROOT);
        if (name.startsWith("SIG")) {
            name = name.substring(3);
        }
        try {
            if (name.startsWith("RTMIN+")) {
                return checked(SIGRTMIN + Integer.parseInt(name.substring("RTMIN+".length())));
            }
            if (!name.isEmpty() && Character.isDigit(name.charAt(0))) {
                return checked(Integer.parseInt(name));
            }
        } catch (NumberFormatException e) {
            return SIGTERM;
        }
        return switch (name) {
            case "HUP" -> 1;
            case "INT" -> 2;
            case "QUIT" -> 3;
            case "ABRT" -> 6;
            case "KILL" -> SIGKILL;
            case "USR1" -> 10;
            case "USR2" -> 12;
            case "ALRM" -> 14;
            case "CONT" -> 18;
            case "WINCH" -> 28;
            case "PWR" -> 30;
            case "RTMIN" -> SIGRTMIN;
            case "RTMAX" -> SIGRTMAX;
            default -> SIGTERM;
        };
    }

    private static int checked(int signal) {
        return signal >= 1 && signal <= SIGRTMAX ? signal : SIGTERM;
    }
}
