package io.caisson.archive.library;

import java.io.IOException;

/** The file system being made cannot hold an entry as it is, such as a name longer than it allows. */
public final class EntryRefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Says why. */
    public EntryRefusedException(String reason) {
        super(reason);
    }
}
