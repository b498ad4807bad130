/** The vhost-user technology of the vsock API: this process is the device of each virtual machine. Exports nothing. */
package io.caisson.vsock.vhostuser.provider;
