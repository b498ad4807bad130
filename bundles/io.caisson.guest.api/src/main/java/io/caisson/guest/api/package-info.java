/**
 * The agent inside a guest: how containers and processes are made there. Implemented by a bundle that brings an init
 * and speaks its protocol; called by the container orchestrator. A session belongs to whoever opened it and outlives
 * the provider that made it. All calls block and may be made from any number of threads.
 */
@Export
@Version("2.0.0")
package io.caisson.guest.api;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
