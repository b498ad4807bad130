package io.caisson.container.provider;

import io.caisson.image.api.ContentStore;
import io.caisson.image.api.Descriptor;
import io.caisson.rootfs.api.Layer;
import java.io.IOException;
import java.io.InputStream;

/**
 * A layer in the content store.
 *
 * @param descriptor what it is
 * @param content where it is
 */
record StoredLayer(Descriptor descriptor, ContentStore content) implements Layer {
    @Override
    public String name() {
        return descriptor.digest().toString();
    }

    @Override
    public String mediaType() {
        return descriptor.mediaType();
    }

    @Override
    public long size() {
        return descriptor.size();
    }

    @Override
    public InputStream open() throws IOException {
        return content.open(descriptor.digest());
    }
}
