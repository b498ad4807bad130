package io.caisson.container.provider;

import io.caisson.container.api.ContainerHandle;
import io.caisson.container.api.ContainerInfo;
import io.caisson.container.api.ContainerProcess;
import io.caisson.container.api.ProcessSpec;
import io.caisson.guest.api.GuestAgent;
import io.caisson.guest.api.GuestProcess;
import io.caisson.guest.api.GuestSecret;
import io.caisson.guest.api.GuestSession;
import io.caisson.json.library.JsonObject;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;

/** A container that another process owns, reached through its door. */
final class RemoteContainer implements ContainerHandle {
    private static final Duration ANSWER_TIME = Duration.ofSeconds(10);
    /** Beyond the grace: the time its owner allows for killing, and some more. */
    private static final Duration STOP_TIME = Duration.ofSeconds(20);

    private final ContainerInfo known;
    private final DoorClient door;
    private final Providers<GuestAgent> agents;

    RemoteContainer(ContainerFolders.Found found, Providers<GuestAgent> agents) {
        known = found.state().info();
        door = new DoorClient(known.name(), found.folder().resolve(ContainerFolder.DOOR));
        this.agents = agents;
    }

    @Override
    public ContainerInfo info() {
        try {
            return record(door.ask(DoorMessages.request(DoorMessages.DESCRIBE), ANSWER_TIME))
                    .info();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CaissonException(ErrorKind.CANCELLED, "asking the owner of container " + known.name(), e);
        }
    }

    private ContainerRecord record(JsonObject answer) {
        return door.member(() -> ContainerRecord.read(answer.requiredObject(DoorMessages.CONTAINER)));
    }

    @Override
    public ContainerProcess exec(ProcessSpec spec) throws InterruptedException {
        JsonObject access = door.ask(DoorMessages.request(DoorMessages.ACCESS), ANSWER_TIME);
        ContainerInfo info = record(access).info();
        if (info.state() != ContainerInfo.State.RUNNING) {
            throw new CaissonException(
                    ErrorKind.INVALID_STATE, "container " + info.name() + " does not run: it is " + info.state());
        }
        String agent = door.member(() -> access.requiredString(DoorMessages.AGENT));
        byte[] secret = door.member(() -> HexFormat.of().parseHex(access.requiredString(DoorMessages.SECRET)));
        ProcessDefaults defaults =
                door.member(() -> ProcessDefaults.read(access.requiredObject(DoorMessages.DEFAULTS)));
        GuestSession session = agents.choose(Optional.of(agent), candidate -> true, "")
                .provider()
                .connect(info.id(), door, GuestSecret.of(secret), ANSWER_TIME);
        boolean started = false;
        try {
            GuestProcess process = OwnedContainer.startProcess(
                    session, info.id(), "exec-" + UUID.randomUUID(), defaults.further(spec));
            started = true;
            return new GuestBackedProcess(process, spec.terminal().isPresent(), failure -> failure, session::close);
        } finally {
            if (!started) {
                session.close();
            }
        }
    }

    @Override
    public void stop(Duration grace) throws InterruptedException {
        door.ask(
                DoorMessages.request(DoorMessages.STOP).member(DoorMessages.GRACE, grace.toMillis()),
                grace.plus(STOP_TIME));
    }
}
