/**
 * The device's side of virtio over memory that a guest shares: split virtqueues, the table of guest memory, and the
 * vsock packet header. Pure computation on memory segments; no service, thread, native call or log.
 *
 * <p>Source: Virtual I/O Device (VIRTIO) Version 1.2, OASIS Committee Specification 01. Everything read from guest
 * memory is hostile: it is copied once, validated, then used, and what does not fit the specification is a
 * {@link io.caisson.virtio.library.VirtioFormatException}. No class here is safe for use by several threads unless it
 * says so; a virtqueue belongs to one thread or to one lock.
 */
@Export
@Version("1.0.0")
package io.caisson.virtio.library;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
