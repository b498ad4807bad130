/** The suite that every vsock transport passes, and the guest that it drives. For tests. */
@Export
@Version("1.0.0")
package io.caisson.vsock.testkit;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
