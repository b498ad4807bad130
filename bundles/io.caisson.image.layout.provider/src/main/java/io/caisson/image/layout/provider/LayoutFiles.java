package io.caisson.image.layout.provider;

import java.io.IOException;
import java.io.InputStream;
import java.util.OptionalLong;

/** The files of a layout, in a directory or in an archive. Paths are relative to the layout and use slashes. */
interface LayoutFiles extends AutoCloseable {
    /** What errors call the layout. */
    String name();

    /**
     * A regular file's size in bytes; empty when there is none of that path.
     *
     * @throws LayoutException there is something else, or it lies outside the layout
     */
    OptionalLong size(String path) throws IOException;

    /** Reads a file from its beginning; the caller closes the stream. */
    InputStream open(String path) throws IOException;

    @Override
    void close() throws IOException;
}
