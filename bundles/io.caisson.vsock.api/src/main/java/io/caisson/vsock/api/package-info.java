/**
 * Byte streams between host and guest, addressed by port (vsock). Implemented by one bundle for each way of carrying
 * them; called by the container orchestrator and the guest client. Streams block and are made for virtual threads.
 */
@Export
@Version("1.0.0")
package io.caisson.vsock.api;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
