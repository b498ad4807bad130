package io.caisson.rootfs.api;

import io.caisson.service.api.ProgressListener;
import io.caisson.service.api.Provider;
import java.nio.file.Path;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** Makes block images of one file system. The service property {@link #NAME} is the file system's, such as ext4. */
@ConsumerType
public interface RootfsBuilder extends Provider {
    /**
     * The image made of these layers, built unless it is there already. Requests for the same image build it once,
     * whatever the number of threads and processes that ask. The file is complete when it appears, stays in place and
     * unchanged while it is used, and is opened read-only by everybody.
     *
     * @param key names the result, such as the image's manifest digest: the same key always comes with the same layers
     * @param layers the layers, lowest first
     * @throws io.caisson.service.api.CaissonException CORRUPT when a layer is not what its type says or would write
     *     outside the image, with layer, entry and offset; UNAVAILABLE when there is no room
     */
    RootfsImage build(String key, List<Layer> layers, ProgressListener progress) throws InterruptedException;

    /**
     * Makes an empty writable file system in a sparse file. Whether this builder can is {@link #SCRATCH}.
     *
     * @param file the file to make; must not exist
     * @param bytes the size of the disk, at least 16 MiB
     */
    void createScratch(Path file, long bytes) throws InterruptedException;

    /** Service property, Boolean: whether {@link #createScratch} works; false unless said. */
    String SCRATCH = "caisson.rootfs.scratch";
}
