package io.caisson.guest.grpc.provider;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import org.jspecify.annotations.Nullable;

/** Translates what gRPC reports; the only place that does. */
final class Failures {
    private Failures() {}

    /**
     * The failure of a call.
     *
     * @param action what was being tried on which object
     */
    static CaissonException of(String action, Throwable failure) {
        Status status =
                switch (failure) {
                    case StatusRuntimeException e -> e.getStatus();
                    case StatusException e -> e.getStatus();
                    default -> Status.INTERNAL.withCause(failure);
                };
        return switch (status.getCode()) {
            case DEADLINE_EXCEEDED ->
                new CaissonException(ErrorKind.TIMEOUT, action + ": the guest did not answer in time", failure);
            case UNAVAILABLE ->
                new CaissonException(
                        ErrorKind.UNAVAILABLE, action + ": the connection to the guest is lost", status.getCause());
            case CANCELLED ->
                new CaissonException(ErrorKind.CANCELLED, action + ": the call was given up", status.getCause());
            default -> new CaissonException(kind(status.getCode()), reported(action, status), status.getCause());
        };
    }

    private static ErrorKind kind(Status.Code code) {
        return switch (code) {
            case NOT_FOUND -> ErrorKind.NOT_FOUND;
            case ALREADY_EXISTS -> ErrorKind.EXISTS;
            case INVALID_ARGUMENT -> ErrorKind.INVALID_ARGUMENT;
            case FAILED_PRECONDITION -> ErrorKind.INVALID_STATE;
            case PERMISSION_DENIED -> ErrorKind.PERMISSION_DENIED;
            case UNIMPLEMENTED -> ErrorKind.UNSUPPORTED;
            case RESOURCE_EXHAUSTED -> ErrorKind.UNAVAILABLE;
            default -> ErrorKind.INTERNAL;
        };
    }

    /** The guest's own words: one line that says what it tried, on which object and why that failed. */
    private static String reported(String action, Status status) {
        String description = printable(status.getDescription());
        return description.isEmpty() ? action + ": the guest reports " + status.getCode() : description;
    }

    /** What a guest wrote, as one line that cannot steer a terminal. */
    static String printable(@Nullable String text) {
        if (text == null) {
            return "";
        }
        var line = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            line.append(Character.isISOControl(c) ? ' ' : c);
        }
        return line.toString().strip();
    }
}
