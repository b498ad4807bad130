package io.caisson.container.provider;

import io.caisson.container.api.ContainerInfo;
import io.caisson.container.api.ExitStatus;
import io.caisson.json.library.JsonException;
import io.caisson.json.library.JsonObject;
import io.caisson.json.library.JsonWriter;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a container's folder and its door say of it, as JSON.
 *
 * @param info what is known of the container
 * @param ownerId the process id of its owner
 * @param ownerStarted when that process started, in clock ticks since the boot of the host
 */
record ContainerRecord(ContainerInfo info, long ownerId, long ownerStarted) {
    private static final long VERSION = 1;

    /** The same container, created by now, to run this. */
    ContainerRecord created(List<String> command) {
        return with(command, ContainerInfo.State.CREATED, Optional.empty());
    }

    /** The same container, further on. */
    ContainerRecord reached(ContainerInfo.State state, Optional<ExitStatus> exit) {
        return with(info.command(), state, exit);
    }

    private ContainerRecord with(List<String> command, ContainerInfo.State state, Optional<ExitStatus> exit) {
        var next = new ContainerInfo(
                info.id(), info.name(), info.image(), command, state, info.created(), exit, info.providers());
        return new ContainerRecord(next, ownerId, ownerStarted);
    }

    /** Adds the record's members to an object that has been begun. */
    JsonWriter writeTo(JsonWriter json) {
        json.member("version", VERSION)
                .member("id", info.id())
                .member("name", info.name())
                .member("image", info.image())
                .member("command", info.command())
                .member("state", info.state().name())
                .member("createdMillis", info.created().toEpochMilli())
                .member("providers", info.providers())
                .member("ownerId", ownerId)
                .member("ownerStarted", ownerStarted);
        info.exit().ifPresent(exit -> json.object("exit")
                .member("code", exit.code())
                .member("signal", exit.signal())
                .end());
        return json;
    }

    byte[] toJson() {
        return writeTo(new JsonWriter().object()).end().bytes();
    }

    static ContainerRecord read(JsonObject json) throws JsonException {
        if (json.requiredNumber("version") != VERSION) {
            throw json.failure("version", "written by another version of Caisson");
        }
        Optional<ExitStatus> exit = Optional.empty();
        Optional<JsonObject> status = json.object("exit");
        try {
            if (status.isPresent()) {
                exit = Optional.of(new ExitStatus(
                        Math.toIntExact(status.get().requiredNumber("code")),
                        Math.toIntExact(status.get().requiredNumber("signal"))));
            }
            return new ContainerRecord(
                    new ContainerInfo(
                            json.requiredString("id"),
                            json.requiredString("name"),
                            json.requiredString("image"),
                            json.strings("command"),
                            ContainerInfo.State.valueOf(json.requiredString("state")),
                            Instant.ofEpochMilli(json.requiredNumber("createdMillis")),
                            exit,
                            json.stringMap("providers")),
                    json.requiredNumber("ownerId"),
                    json.requiredNumber("ownerStarted"));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw json.failure("state", "out of range");
        }
    }
}
