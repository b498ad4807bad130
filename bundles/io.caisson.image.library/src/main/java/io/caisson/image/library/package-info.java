/**
 * The documents images are made of — index, manifest, configuration, in their OCI and Docker forms — read strictly, and
 * the choice of the image for a platform. Pure computation: whoever calls it brings the bytes.
 */
@Export
@Version("1.0.0")
package io.caisson.image.library;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
