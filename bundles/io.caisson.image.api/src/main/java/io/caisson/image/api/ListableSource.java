package io.caisson.image.api;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * An {@link ImageSource} that can say what it has, as a directory can and a registry cannot; implemented by the same
 * object. Called on the caller's thread.
 */
@ConsumerType
public interface ListableSource {
    /**
     * The names of the images that are here now.
     *
     * @throws io.caisson.service.api.CaissonException UNAVAILABLE when the source cannot be read; CORRUPT when what it
     *     has makes no sense
     */
    List<ImageReference> names();
}
