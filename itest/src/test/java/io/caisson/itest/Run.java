package io.caisson.itest;

import io.caisson.container.api.Container;
import io.caisson.container.api.ContainerHandle;
import io.caisson.container.api.ContainerProcess;
import io.caisson.container.api.ContainerService;
import io.caisson.container.api.ContainerSpec;
import io.caisson.container.api.ExitStatus;
import io.caisson.container.api.ProcessSpec;
import io.caisson.image.api.ImageReference;
import io.caisson.service.api.ProgressListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

/**
 * A finished process.
 *
 * @param status its exit status
 * @param output what it wrote to standard output
 */
record Run(int status, String output) {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    /** A container of the busybox image that has not been started. */
    static Container create(ContainerService containers, boolean stdin, String... command) throws InterruptedException {
        var process = ProcessSpec.builder().args(List.of(command)).stdin(stdin).build();
        var spec = ContainerSpec.builder(ImageReference.parse("busybox"))
                .process(process)
                .build();
        return containers.create(spec, ProgressListener.NONE);
    }

    /** Runs a command in a container of its own, from beginning to end. */
    static Run container(ContainerService containers, String... command) throws IOException, InterruptedException {
        try (Container container = create(containers, false, command)) {
            container.init().start();
            return finish(container.init());
        }
    }

    /** Runs a further command in a container. */
    static Run exec(ContainerHandle container, String... command) throws IOException, InterruptedException {
        try (ContainerProcess process =
                container.exec(ProcessSpec.builder().args(List.of(command)).build())) {
            return finish(process);
        }
    }

    /** Reads a started process's output to its end and waits for it. */
    static Run finish(ContainerProcess process) throws IOException, InterruptedException {
        String output = new String(process.stdout().readAllBytes(), StandardCharsets.UTF_8);
        ExitStatus status = process.await(PATIENCE)
                .orElseThrow(() -> new AssertionError("the process has closed its output and does not end"));
        return new Run(status.code(), output);
    }
}
