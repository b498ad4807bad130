/**
 * Reads what container layers come in: tar archives (POSIX.1-2024 pax, ustar, the GNU and v7 forms), gzip (RFC 1952),
 * and applies the change sets of the OCI image specification to a file system being made. Pure computation over
 * streams, in bounded memory: every input is taken as hostile. Objects belong to one thread at a time.
 */
@Export
@Version("1.0.0")
package io.caisson.archive.library;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
