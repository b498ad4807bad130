/**
 * Kernels to boot virtual machines with. Implemented by one bundle for each kernel or source of kernels; called by the
 * container orchestrator when a sandbox starts, on the caller's thread.
 */
@Export
@Version("1.0.0")
package io.caisson.kernel.api;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
