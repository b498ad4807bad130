/**
 * Root file systems: block images made from an image's layers, and scratch disks for a container's writes. Implemented
 * by one bundle for each file system; called by the container orchestrator and the shell, on the caller's threads.
 */
@Export
@Version("1.0.0")
package io.caisson.rootfs.api;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
