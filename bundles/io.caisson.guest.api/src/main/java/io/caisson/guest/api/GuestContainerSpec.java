package io.caisson.guest.api;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** A container to make in a guest. Immutable. */
public final class GuestContainerSpec {
    private final String id;
    private final GuestRootfs rootfs;
    private final List<GuestMount> mounts;
    private final String hostname;

    private GuestContainerSpec(Builder builder) {
        id = builder.id;
        rootfs = builder.rootfs;
        mounts = List.copyOf(builder.mounts);
        hostname = builder.hostname;
    }

    /** Begins a specification. */
    public static Builder builder(String id, GuestRootfs rootfs) {
        return new Builder(id, rootfs);
    }

    /** The container's id, unique in the guest. */
    public String id() {
        return id;
    }

    /** Its root file system. */
    public GuestRootfs rootfs() {
        return rootfs;
    }

    /** Mounts beyond those every container has, in order. */
    public List<GuestMount> mounts() {
        return mounts;
    }

    /** Its host name. */
    public String hostname() {
        return hostname;
    }

    /** Collects a specification; not safe for use by several threads. */
    public static final class Builder {
        private final String id;
        private final GuestRootfs rootfs;
        private final List<GuestMount> mounts = new ArrayList<>();
        private String hostname;

        private Builder(String id, GuestRootfs rootfs) {
            this.id = Objects.requireNonNull(id, "id");
            this.rootfs = Objects.requireNonNull(rootfs, "rootfs");
            this.hostname = id;
        }

        /** One more mount. */
        public Builder mount(GuestMount value) {
            mounts.add(Objects.requireNonNull(value, "mount"));
            return this;
        }

        /** The host name; the container's id unless said. */
        public Builder hostname(String value) {
            hostname = Objects.requireNonNull(value, "hostname");
            return this;
        }

        /** The specification. */
        public GuestContainerSpec build() {
            return new GuestContainerSpec(this);
        }
    }
}
