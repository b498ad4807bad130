/**
 * The parts of Linux that the JDK does not reach: anonymous shared memory, event descriptors, epoll, Unix sockets that
 * pass descriptors, child processes that inherit descriptors and die with their owner, terminals.
 *
 * <p>Called by providers that talk to virtual machine monitors and by the shell. Nothing raw leaves the package: a
 * descriptor is a {@link io.caisson.host.linux.ffm.Descriptor}, a failed call a
 * {@link io.caisson.host.linux.ffm.SystemCallException}, "would block" a value. Every object that holds a descriptor,
 * memory or a process is closed by whoever made it.
 *
 * <p>Threads: everything is safe for use by any number of threads unless a type says otherwise. Methods that wait park
 * the calling thread, virtual or platform, except {@link io.caisson.host.linux.ffm.Epoll#await}, which blocks in the
 * kernel and belongs on a platform thread.
 *
 * <p>Native access: the JVM has to allow it ({@code --enable-native-access=ALL-UNNAMED});
 * {@link io.caisson.host.linux.ffm.HostInfo#nativeAccess()} says whether it does. Serves x86_64 and aarch64 with glibc
 * 2.29 or newer.
 */
@Export
@Version("1.0.0")
package io.caisson.host.linux.ffm;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
