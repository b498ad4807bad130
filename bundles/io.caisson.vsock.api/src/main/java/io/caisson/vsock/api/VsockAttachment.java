package io.caisson.vsock.api;

import java.nio.file.Path;

/** How a virtual machine monitor reaches the host's end of a vsock device. */
public sealed interface VsockAttachment {
    /** The form's name in service properties. */
    String form();

    /**
     * A Unix socket on which the device itself is served by the vhost-user protocol. Accepts one connection.
     *
     * @param socket its path, which may be longer than {@code sun_path} is: connect through its directory
     */
    record VhostUser(Path socket) implements VsockAttachment {
        /** The form's name in service properties. */
        public static final String FORM = "vhost-user";

        @Override
        public String form() {
            return FORM;
        }
    }

    /**
     * The host kernel's own vhost-vsock.
     *
     * @param cid the guest's context id, at least 3
     */
    record HostCid(int cid) implements VsockAttachment {
        /** The form's name in service properties. */
        public static final String FORM = "host-cid";

        @Override
        public String form() {
            return FORM;
        }
    }

    /**
     * A Unix socket of the monitor's, on which {@code CONNECT port} opens a stream to the guest.
     *
     * @param socket where the monitor is to make it
     */
    record HybridSocket(Path socket) implements VsockAttachment {
        /** The form's name in service properties. */
        public static final String FORM = "hybrid-socket";

        @Override
        public String form() {
            return FORM;
        }
    }
}
