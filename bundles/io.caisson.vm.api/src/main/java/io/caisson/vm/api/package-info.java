/**
 * Virtual machines. Implemented by one bundle for each virtual machine monitor; called by the container orchestrator on
 * its own threads. A virtual machine belongs to whoever started it and outlives the provider that made it.
 */
@Export
@Version("2.0.0")
package io.caisson.vm.api;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
