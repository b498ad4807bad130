/**
 * What providers of image services are tested with: the suite every {@code ImageStore} passes, and images made for a
 * test. Used by tests only.
 */
@Export
@Version("1.0.0")
package io.caisson.image.testkit;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
