package io.caisson.guest.grpc.provider;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.caisson.guest.api.GuestContainerSpec;
import io.caisson.guest.api.GuestDisk;
import io.caisson.guest.api.GuestProcessSpec;
import io.caisson.guest.api.GuestRootfs;
import io.caisson.guest.api.GuestSecret;
import io.caisson.guest.grpc.provider.proto.CreateContainerResponse;
import io.caisson.guest.grpc.provider.proto.CreateProcessRequest;
import io.caisson.guest.grpc.provider.proto.CreateProcessResponse;
import io.caisson.guest.grpc.provider.proto.GuestGrpc;
import io.caisson.guest.grpc.provider.proto.ReidentifyResponse;
import io.caisson.guest.grpc.provider.proto.StartProcessRequest;
import io.caisson.guest.grpc.provider.proto.StartProcessResponse;
import io.caisson.guest.grpc.provider.proto.StdioAttach;
import io.caisson.guest.grpc.provider.proto.StdioAttached;
import io.caisson.guest.grpc.provider.proto.WaitProcessRequest;
import io.caisson.guest.grpc.provider.proto.WaitProcessResponse;
import io.caisson.service.api.CaissonException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A greeting of a guest made of a few recorded bytes. In a cold JVM the first call through gRPC takes some hundred
 * milliseconds, nearly all of them for loading classes: rehearsed while the machine boots, they cost nothing.
 */
final class Rehearsal {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private Rehearsal() {}

    /** Rehearses on this thread; a failure is of no consequence, the real call will meet and report it. */
    static void run(String name) throws InterruptedException {
        try (var channel = new GuestChannel(name, RecordedGuest::new)) {
            Messages.info(
                    channel.call("rehearsing", GuestGrpc.getHelloMethod(), Messages.hello(Instant.now()), TIMEOUT));
            for (MessageLite message : messages()) {
                message.getParserForType().parseFrom(message.toByteArray());
            }
        } catch (CaissonException | InvalidProtocolBufferException e) {
            return;
        }
    }

    /** What is said when a container starts. */
    private static List<MessageLite> messages() {
        var disk = new GuestDisk("a", "b");
        var container = GuestContainerSpec.builder("a", new GuestRootfs.Overlay(disk, Optional.of(disk), false));
        var process = GuestProcessSpec.builder(List.of("a")).env(List.of("a=b"));
        return List.of(
                Messages.container(container.build()),
                CreateContainerResponse.getDefaultInstance(),
                CreateProcessRequest.newBuilder()
                        .setSpec(Messages.process(process.build()))
                        .build(),
                CreateProcessResponse.getDefaultInstance(),
                Messages.reidentify("a", GuestSecret.random(), Instant.now()),
                ReidentifyResponse.getDefaultInstance(),
                StdioAttach.newBuilder().setContainerId("a").build(),
                StdioAttached.newBuilder().setOffset(1).build(),
                StartProcessRequest.newBuilder().setContainerId("a").build(),
                StartProcessResponse.newBuilder().setPid(1).build(),
                WaitProcessRequest.newBuilder().setContainerId("a").build(),
                WaitProcessResponse.newBuilder().setExitCode(1).build());
    }
}
