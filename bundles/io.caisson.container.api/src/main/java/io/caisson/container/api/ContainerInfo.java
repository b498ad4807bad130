package io.caisson.container.api;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What is known of a container.
 *
 * @param id 64 bits in hexadecimal, unique in its home
 * @param name what its user calls it; unique among the containers of a home
 * @param image the reference it was made from, as its user wrote it
 * @param command what its first process executes
 * @param state where it is in its life
 * @param created when it was made
 * @param exit how its first process ended
 * @param providers the technology behind each part by SPI: {@code vm}, {@code kernel}, {@code vsock}, {@code rootfs} …
 */
public record ContainerInfo(
        String id,
        String name,
        String image,
        List<String> command,
        State state,
        Instant created,
        Optional<ExitStatus> exit,
        Map<String, String> providers) {
    /** Copies the collections. */
    public ContainerInfo {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(image, "image");
        command = List.copyOf(command);
        Objects.requireNonNull(state, "state");
        Objects.requireNonNull(created, "created");
        Objects.requireNonNull(exit, "exit");
        providers = Map.copyOf(providers);
    }

    /** Where a container is in its life. */
    public enum State {
        /** Its sandbox and first process are being made. */
        CREATING,
        /** Ready to start. */
        CREATED,
        /** Its first process runs. */
        RUNNING,
        /** Its first process has ended. */
        EXITED
    }
}
