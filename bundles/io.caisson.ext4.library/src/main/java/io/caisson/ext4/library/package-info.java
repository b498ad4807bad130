/**
 * Writes ext4 file systems into files without mounting them: the format of Linux 6.12's
 * {@code Documentation/filesystems/ext4}, checked against e2fsprogs. Pure computation over a
 * {@link java.nio.channels.FileChannel}: no threads, no services, no clock and no randomness in what is written, so
 * the same calls give the same bytes. Objects belong to one thread at a time.
 */
@Export
@Version("1.0.0")
package io.caisson.ext4.library;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
