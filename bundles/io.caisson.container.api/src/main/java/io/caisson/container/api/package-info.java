/**
 * Containers: run, list, execute in, stop. Implemented by the orchestrator; called by the shell and by products that
 * embed Caisson, on the caller's threads.
 */
@Export
@Version("1.0.0")
package io.caisson.container.api;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
