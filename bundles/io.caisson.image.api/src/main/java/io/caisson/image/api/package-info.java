/**
 * Container images: references, content by digest, the store, and archives of images. Implemented by the content store
 * and by one bundle for each registry protocol or archive format; called by the container orchestrator and the shell,
 * on the caller's threads.
 */
@Export
@Version("1.1.0")
package io.caisson.image.api;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
