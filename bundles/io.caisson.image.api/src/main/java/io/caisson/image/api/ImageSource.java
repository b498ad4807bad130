package io.caisson.image.api;

import io.caisson.service.api.Provider;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A place that images come from by name when the store has not got them: the images that ship with the product, a
 * registry. A whiteboard service; {@link ImageService} asks those that are available in the order of their
 * {@code service.ranking}, checks all they deliver, and walks from index to manifest to layers by itself.
 */
@ConsumerType
public interface ImageSource extends Provider {
    /**
     * The manifest or index a reference names here; empty when this source has no such image.
     *
     * @throws io.caisson.service.api.CaissonException UNAVAILABLE when the source cannot be asked; CORRUPT when its
     *     answer makes no sense
     */
    Optional<Descriptor> resolve(ImageReference reference) throws InterruptedException;

    /**
     * Reads content that belongs to an image of this source, from its beginning; the caller closes the stream, on the
     * same or another thread. The bytes are not trusted: whoever reads them checks size and digest.
     *
     * @param reference what {@link #resolve} found
     * @param content a manifest, configuration or layer below it
     * @throws io.caisson.service.api.CaissonException NOT_FOUND when the source does not have this content
     * @throws IOException reading failed
     */
    InputStream open(ImageReference reference, Descriptor content) throws IOException, InterruptedException;
}
