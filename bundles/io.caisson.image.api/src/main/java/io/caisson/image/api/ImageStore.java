package io.caisson.image.api;

import io.caisson.service.api.Platform;
import io.caisson.service.api.Provider;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The images on this host: blobs by digest and references that name them. Safe for use by any number of threads, and by
 * several processes on one home.
 */
@ProviderType
public interface ImageStore extends Provider {
    /**
     * The image a reference names, for one platform.
     *
     * @throws io.caisson.service.api.CaissonException NOT_FOUND when there is no such image, or none for the platform
     *     (the message lists those there are); CORRUPT when a blob it needs is missing or damaged
     */
    Image image(ImageReference reference, Platform platform);

    /** All references, in alphabetical order. One whose content is damaged is listed without platforms. */
    List<ImageRecord> list();

    /**
     * What a reference names; empty when nothing. A reference with a digest also finds content of that digest under any
     * other name in the same repository.
     */
    Optional<Descriptor> resolve(ImageReference reference);

    /**
     * Lets a reference name a manifest or index whose blobs are all in the store, in one step: afterwards it names
     * either what it did before or this.
     *
     * @throws io.caisson.service.api.CaissonException NOT_FOUND when the target's blob is not in the store;
     *     INVALID_ARGUMENT when the reference has another digest than the target; UNAVAILABLE or PERMISSION_DENIED when
     *     the store cannot be written
     */
    void tag(ImageReference reference, Descriptor target);

    /**
     * Forgets a reference; its content stays for others that name it.
     *
     * @throws io.caisson.service.api.CaissonException NOT_FOUND when there is no such reference; UNAVAILABLE or
     *     PERMISSION_DENIED when the store cannot be written
     */
    void remove(ImageReference reference);

    /** The content behind the references. */
    ContentStore content();
}
