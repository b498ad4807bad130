package io.caisson.image.api;

import io.caisson.service.api.Platform;
import io.caisson.service.api.ProgressListener;
import java.nio.file.Path;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Images ready for use: finds them in the {@link ImageStore} and brings in what is not there yet from the
 * {@link ImageSource}s and {@link ImageArchive}s there are. Safe for use by any number of threads.
 */
@ProviderType
public interface ImageService {
    /**
     * The image a reference names, for one platform. What the store has is used as it is; what it has not is fetched
     * from the first source, by {@code service.ranking}, that has it, and named in the store from then on. A reference
     * that the store has is never made to name something else here.
     *
     * @param progress hears of the fetching, if there is any
     * @throws io.caisson.service.api.CaissonException NOT_FOUND when neither the store nor a source has the image for
     *     this platform; CORRUPT when a blob is missing, damaged or not what it was announced as; UNAVAILABLE when a
     *     source that may have it cannot be reached, or when there is no room
     * @throws InterruptedException the caller gave up; nothing wrong stays in the store
     */
    Image image(ImageReference reference, Platform platform, ProgressListener progress) throws InterruptedException;

    /**
     * Brings every image of a file or directory into the store, through the archive format that recognises it.
     *
     * @return the references now in the store, in the source's order
     * @throws io.caisson.service.api.CaissonException NOT_FOUND when there is no such file; UNSUPPORTED when no format
     *     recognises it; else as {@link ImageArchive#load}
     */
    List<ImageReference> load(Path source, ProgressListener progress) throws InterruptedException;
}
