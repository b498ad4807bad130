package io.caisson.host.linux.ffm;

import java.io.IOException;

/** A descriptor, or the object that owns one, was used after it was closed, or closed while a thread waited on it. */
public final class ClosedDescriptorException extends IOException {
    private static final long serialVersionUID = 1L;

    ClosedDescriptorException(String what) {
        super(what + " is closed");
    }
}
