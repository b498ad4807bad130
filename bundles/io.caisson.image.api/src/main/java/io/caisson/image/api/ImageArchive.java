package io.caisson.image.api;

import io.caisson.service.api.ProgressListener;
import io.caisson.service.api.Provider;
import java.nio.file.Path;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** A file or directory format that holds images. */
@ConsumerType
public interface ImageArchive extends Provider {
    /** Whether the file or directory looks like this format; reads no more than its beginning or top level. */
    boolean recognises(Path source);

    /**
     * Brings every image in the source into the store and names it as the source does.
     *
     * @return the references now in the store, in the source's order
     * @throws io.caisson.service.api.CaissonException CORRUPT when the source is not what its format says, with the
     *     part that is wrong; nothing is named then
     */
    List<ImageReference> load(Path source, ImageStore store, ProgressListener progress) throws InterruptedException;
}
