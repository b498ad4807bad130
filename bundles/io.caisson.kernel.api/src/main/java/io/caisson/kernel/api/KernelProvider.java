package io.caisson.kernel.api;

import io.caisson.service.api.Provider;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Offers one kernel. Service properties: {@link #NAME} (the variant users ask for, such as {@code default}),
 * {@link #ARCHITECTURE}, {@link #RELEASE}.
 */
@ConsumerType
public interface KernelProvider extends Provider {
    /** Service property, required: the architecture in OCI terms, such as {@code amd64}. */
    String ARCHITECTURE = "caisson.kernel.architecture";

    /** Service property: what {@code uname -r} prints in the guest. */
    String RELEASE = "caisson.kernel.release";

    /**
     * The kernel, its image on disk. The first call may have to put it there. The image stays in place and unchanged
     * for as long as any sandbox that was started with it runs, whatever becomes of this provider.
     *
     * @throws io.caisson.service.api.CaissonException UNAVAILABLE when the image cannot be put on disk, CORRUPT when
     *     what is there is not what it should be
     */
    Kernel kernel() throws InterruptedException;
}
