package io.caisson.container.gogo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.container.api.Container;
import io.caisson.container.api.ContainerHandle;
import io.caisson.container.api.ContainerInfo;
import io.caisson.container.api.ContainerProcess;
import io.caisson.container.api.ContainerService;
import io.caisson.container.api.ContainerSpec;
import io.caisson.container.api.ProcessSpec;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.ProgressListener;
import io.caisson.shell.library.Listing;
import io.caisson.shell.library.PartialFailure;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ContainerCommandsTest {
    private final FakeService service = new FakeService();
    private final ContainerCommands commands = new ContainerCommands(service);

    private static String[] line(String... words) {
        return words;
    }

    @Test
    void listsTheCommandAsTextInATableAndWordByWordInJson() {
        String table = ((Listing) commands.list(line())).render(200);
        assertTrue(table.contains("  sh -c echo a b  "), table);
        String json = ((Listing) commands.list(line("--format", "json"))).render(200);
        assertTrue(json.contains("""
                    "command": [
                      "sh",
                      "-c",
                      "echo a b"
                    ],
                """), json);
    }

    @Test
    void stopsTheOthersWhenThereIsNoSuchContainer() throws Exception {
        assertEquals("one\ntwo", commands.stop(line("one", "two")));
        service.stopped.clear();
        PartialFailure failure =
                assertThrows(PartialFailure.class, () -> commands.stop(line("one", "missing", "two", "nor-this")));
        assertEquals(List.of("one", "two"), service.stopped);
        assertEquals("one\ntwo", failure.done());
        assertEquals(
                List.of("no missing", "no nor-this"),
                failure.failures().stream().map(Throwable::getMessage).toList());
    }

    private static final class FakeService implements ContainerService {
        private final List<String> stopped = new ArrayList<>();

        @Override
        public Container create(ContainerSpec spec, ProgressListener progress) {
            throw new AssertionError("no test creates a container");
        }

        @Override
        public List<ContainerInfo> list() {
            return List.of(info("one"));
        }

        private static ContainerInfo info(String name) {
            return new ContainerInfo(
                    "0123456789abcdef",
                    name,
                    "busybox",
                    List.of("sh", "-c", "echo a b"),
                    ContainerInfo.State.RUNNING,
                    Instant.now(),
                    Optional.empty(),
                    Map.of());
        }

        @Override
        public ContainerHandle find(String idOrName) {
            if (!idOrName.equals("one") && !idOrName.equals("two")) {
                throw new CaissonException(ErrorKind.NOT_FOUND, "no " + idOrName);
            }
            return new ContainerHandle() {
                @Override
                public ContainerInfo info() {
                    return FakeService.info(idOrName);
                }

                @Override
                public ContainerProcess exec(ProcessSpec spec) {
                    throw new AssertionError("no test executes anything");
                }

                @Override
                public void stop(Duration grace) {
                    stopped.add(idOrName);
                }
            };
        }
    }
}
