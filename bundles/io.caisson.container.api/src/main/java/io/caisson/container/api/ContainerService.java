package io.caisson.container.api;

import io.caisson.service.api.ProgressListener;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** Runs containers, each in a sandbox: a virtual machine of its own. Safe for use by any number of threads. */
@ProviderType
public interface ContainerService {
    /**
     * Makes a container and everything under it; its first process is created and not started. The caller owns the
     * container: closing it ends it and removes what it had. When this throws, nothing stays behind.
     *
     * @throws io.caisson.service.api.CaissonException NOT_FOUND when image, kernel or provider asked for are not here,
     *     EXISTS when the name is taken, UNAVAILABLE when the host cannot run it, TIMEOUT when the guest does not come
     *     up; with the console's last lines where there are any
     */
    Container create(ContainerSpec spec, ProgressListener progress) throws InterruptedException;

    /** All containers of this home, whichever process owns them, in the order they were created. */
    List<ContainerInfo> list();

    /**
     * A container of this home, whichever process owns it.
     *
     * @param idOrName its id, a prefix of it that no other has, or its name
     * @throws io.caisson.service.api.CaissonException NOT_FOUND; INVALID_ARGUMENT for an ambiguous prefix, with the
     *     candidates
     */
    ContainerHandle find(String idOrName);
}
