package io.caisson.guest.grpc.provider;

import com.google.protobuf.ByteString;
import io.caisson.guest.api.GuestContainerSpec;
import io.caisson.guest.api.GuestDisk;
import io.caisson.guest.api.GuestExit;
import io.caisson.guest.api.GuestInfo;
import io.caisson.guest.api.GuestMount;
import io.caisson.guest.api.GuestProcessSpec;
import io.caisson.guest.api.GuestRootfs;
import io.caisson.guest.api.GuestSecret;
import io.caisson.guest.grpc.provider.proto.CreateContainerRequest;
import io.caisson.guest.grpc.provider.proto.Disk;
import io.caisson.guest.grpc.provider.proto.DiskRootfs;
import io.caisson.guest.grpc.provider.proto.Feature;
import io.caisson.guest.grpc.provider.proto.HelloRequest;
import io.caisson.guest.grpc.provider.proto.HelloResponse;
import io.caisson.guest.grpc.provider.proto.Mount;
import io.caisson.guest.grpc.provider.proto.OverlayRootfs;
import io.caisson.guest.grpc.provider.proto.ProcessSpec;
import io.caisson.guest.grpc.provider.proto.ReidentifyRequest;
import io.caisson.guest.grpc.provider.proto.Rootfs;
import io.caisson.guest.grpc.provider.proto.User;
import io.caisson.guest.grpc.provider.proto.WaitProcessResponse;
import io.caisson.guest.grpc.provider.proto.WindowSize;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;

/** Turns the API's values into the protocol's messages and back. */
final class Messages {
    private static final int OLDEST_VERSION = 1;
    private static final int NEWEST_VERSION = 1;

    /** Bytes of randomness for a guest; twice what its generator needs. */
    private static final int ENTROPY = 64;

    private Messages() {}

    static HelloRequest hello(Instant now) {
        return HelloRequest.newBuilder()
                .setOldestVersion(OLDEST_VERSION)
                .setNewestVersion(NEWEST_VERSION)
                .setHostTimeUnixNanos(nanos(now))
                .build();
    }

    /** Makes a guest the machine {@code id}, unlike all others. */
    static ReidentifyRequest reidentify(String id, GuestSecret secret, Instant now) {
        byte[] entropy = new byte[ENTROPY];
        new SecureRandom().nextBytes(entropy);
        return ReidentifyRequest.newBuilder()
                .setEntropy(ByteString.copyFrom(entropy))
                .setMachineId(id)
                .setHostTimeUnixNanos(nanos(now))
                .setSecret(ByteString.copyFrom(secret.toBytes()))
                .build();
    }

    private static long nanos(Instant time) {
        return time.getEpochSecond() * 1_000_000_000L + time.getNano();
    }

    static GuestInfo info(HelloResponse hello) {
        if (hello.getVersion() < OLDEST_VERSION || hello.getVersion() > NEWEST_VERSION) {
            throw new CaissonException(
                    ErrorKind.UNSUPPORTED,
                    "the guest chose protocol version " + hello.getVersion() + ", which it was not offered");
        }
        Set<String> features = new HashSet<>();
        for (int number : hello.getFeaturesValueList()) {
            Feature feature = Feature.forNumber(number);
            if (feature != null) {
                features.add(feature.name().substring("FEATURE_".length()));
            }
        }
        return new GuestInfo(
                hello.getVersion(), features, hello.getInitVersion(), hello.getKernelRelease(), hello.getMachine());
    }

    static CreateContainerRequest container(GuestContainerSpec spec) {
        var request = CreateContainerRequest.newBuilder()
                .setContainerId(spec.id())
                .setRootfs(rootfs(spec.rootfs()))
                .setHostname(spec.hostname());
        for (GuestMount mount : spec.mounts()) {
            request.addMounts(Mount.newBuilder()
                    .setType(mount.type())
                    .setSource(mount.source())
                    .setTarget(mount.target())
                    .addAllOptions(mount.options()));
        }
        return request.build();
    }

    private static Rootfs rootfs(GuestRootfs rootfs) {
        var message = Rootfs.newBuilder().setReadOnly(rootfs.readOnly());
        switch (rootfs) {
            case GuestRootfs.Overlay overlay -> {
                var layers = OverlayRootfs.newBuilder().setLower(disk(overlay.lower()));
                overlay.scratch().ifPresent(scratch -> layers.setScratch(disk(scratch)));
                message.setOverlay(layers);
            }
            case GuestRootfs.Disk whole ->
                message.setDisk(DiskRootfs.newBuilder().setDisk(disk(whole.disk())));
        }
        return message.build();
    }

    private static Disk disk(GuestDisk disk) {
        return Disk.newBuilder()
                .setSerial(disk.serial())
                .setFileSystem(disk.fileSystem())
                .build();
    }

    static ProcessSpec process(GuestProcessSpec spec) {
        var message = ProcessSpec.newBuilder()
                .addAllArgs(spec.args())
                .addAllEnv(spec.env())
                .setCwd(spec.cwd())
                .setUser(User.newBuilder().setName(spec.user()).addAllAdditionalGids(spec.additionalGids()))
                .setTerminal(spec.terminal().isPresent())
                .setStdin(spec.stdin())
                .setNoNewPrivileges(spec.noNewPrivileges());
        spec.terminal().ifPresent(size -> message.setWindowSize(window(size.rows(), size.columns())));
        return message.build();
    }

    static WindowSize window(int rows, int columns) {
        return WindowSize.newBuilder().setRows(rows).setColumns(columns).build();
    }

    /** What the guest says of a process's end; whatever it says, the result is within the ranges. */
    static GuestExit exit(WaitProcessResponse answer) {
        long nanos = answer.getExitedAtUnixNanos();
        int signal = answer.getSignal();
        return new GuestExit(
                answer.getExitCode() & 0xff,
                signal < 0 || signal > 64 ? 0 : signal,
                Instant.ofEpochSecond(Math.floorDiv(nanos, 1_000_000_000L), Math.floorMod(nanos, 1_000_000_000L)));
    }
}
