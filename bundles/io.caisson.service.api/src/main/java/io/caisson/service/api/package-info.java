/**
 * What every Caisson service shares: the failures it throws, the way it says that it cannot serve here, the checks of
 * the host behind {@code system doctor}, and the platform it serves.
 *
 * <p>Everything here is called on the threads of whoever calls the service; values are immutable.
 */
@Export
@Version("1.0.0")
package io.caisson.service.api;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
