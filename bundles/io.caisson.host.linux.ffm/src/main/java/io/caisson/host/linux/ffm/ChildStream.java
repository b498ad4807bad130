package io.caisson.host.linux.ffm;

import java.nio.file.Path;

/** What a child process has as its standard input, output or error. */
public sealed interface ChildStream {
    /** Reads the end at once; writes vanish ({@code /dev/null}). */
    static ChildStream none() {
        return new None();
    }

    /** This process's own. */
    static ChildStream inherited() {
        return new Inherited();
    }

    /** An open file, which stays the caller's and may be closed once the child has started. */
    static ChildStream of(Descriptor descriptor) {
        return new Open(descriptor);
    }

    /** A file to which what the child writes is appended, made with mode 0600 when it does not exist. */
    static ChildStream appendTo(Path file) {
        return new Append(file);
    }

    /** See {@link #none()}. */
    record None() implements ChildStream {}

    /** See {@link #inherited()}. */
    record Inherited() implements ChildStream {}

    /**
     * See {@link #of}.
     *
     * @param descriptor open for reading or writing as the stream needs
     */
    record Open(Descriptor descriptor) implements ChildStream {}

    /**
     * See {@link #appendTo}.
     *
     * @param file in a directory that exists
     */
    record Append(Path file) implements ChildStream {}
}
