/**
 * JSON (RFC 8259), read strictly and written compactly. Small on purpose: every {@code caisson} command is a cold JVM,
 * in which a general JSON library costs more time than all it is used for. Pure computation; documents that were read
 * are immutable, readers and writers belong to one thread.
 */
@Export
@Version("1.0.0")
package io.caisson.json.library;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
