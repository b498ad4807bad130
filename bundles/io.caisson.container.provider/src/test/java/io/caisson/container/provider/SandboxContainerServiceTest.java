package io.caisson.container.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.container.api.Container;
import io.caisson.container.api.ContainerInfo;
import io.caisson.container.api.ContainerProcess;
import io.caisson.container.api.ExitStatus;
import io.caisson.container.api.ProcessSpec;
import io.caisson.container.provider.FakeWorld.FakeProcess;
import io.caisson.container.provider.FakeWorld.Step;
import io.caisson.image.api.ImageConfig;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.ProgressListener;
import io.caisson.vm.api.VirtualMachineExit;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class SandboxContainerServiceTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    @TempDir
    private Path home;

    private final FakeWorld world = new FakeWorld();
    private SandboxContainerService service;

    @BeforeEach
    void begin() throws IOException {
        service = world.service(home);
    }

    @AfterEach
    void leaveNothing() throws IOException {
        service.deactivate();
        assertEquals(List.of(), world.open);
        assertEquals(List.of(), folders());
    }

    private List<String> folders() throws IOException {
        Path containers = home.resolve("containers");
        if (!Files.exists(containers)) {
            return List.of();
        }
        try (var entries = Files.list(containers)) {
            return entries.map(entry -> entry.getFileName().toString()).toList();
        }
    }

    private Container create(String... args) throws InterruptedException {
        return service.create(FakeWorld.spec(args), ProgressListener.NONE);
    }

    private FakeProcess init() {
        return process("init");
    }

    private FakeProcess process(String id) {
        return Objects.requireNonNull(world.processes.get(id));
    }

    private static void readAll(ContainerProcess process) throws Exception {
        try (InputStream out = process.stdout();
                InputStream err = process.stderr()) {
            assertEquals("out", new String(out.readAllBytes(), StandardCharsets.US_ASCII));
            assertEquals("err", new String(err.readAllBytes(), StandardCharsets.US_ASCII));
        }
    }

    private static void await(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            Thread.onSpinWait();
        }
    }

    @ParameterizedTest
    @EnumSource(Step.class)
    void whateverStepFailsEverythingAcquiredIsReleased(Step step) throws Exception {
        world.failing = step;
        CaissonException failure = assertThrows(CaissonException.class, () -> create("true"));
        assertEquals(ErrorKind.CORRUPT, failure.kind());
        assertTrue(failure.getMessage().startsWith("made to fail at " + step), failure.getMessage());
        assertEquals(List.of(), world.open);
        assertEquals(List.of(), folders());
        List<String> all = List.of("session", "machine", "endpoint");
        assertEquals(all.stream().filter(world.released::contains).toList(), sorted(all));
    }

    /** The released ones, a session's and a machine's order aside: they come up side by side. */
    private List<String> sorted(List<String> all) {
        return world.released.stream()
                .sorted(Comparator.comparingInt(all::indexOf))
                .toList();
    }

    @Test
    void tellsByTheImagesNameHowFarItsFileSystemIs() throws Exception {
        var events = new ArrayList<ProgressListener.Progress>();
        try (Container _ = service.create(FakeWorld.spec("sh"), events::add)) {
            assertEquals(
                    List.of(new ProgressListener.Progress("building the root file system of box:latest", 1, 2)),
                    events);
        }
    }

    @Test
    void aLateFailureReleasesInReverseOrder() {
        world.failing = Step.PROCESS;
        assertThrows(CaissonException.class, () -> create("true"));
        assertEquals("endpoint", world.released.getLast());
        assertEquals(3, world.released.size());
    }

    @ParameterizedTest
    @EnumSource(
            value = Step.class,
            names = {"IMAGE", "ROOTFS", "SCRATCH", "KERNEL", "MACHINE", "CONNECT", "CONTAINER", "PROCESS"})
    void anInterruptAtAnyStepLeavesNothing(Step step) throws Exception {
        world.hangingAt = step;
        var outcome = new CompletableFuture<Throwable>();
        Thread caller = Thread.ofVirtual().start(() -> {
            try (Container made = create("true")) {
                outcome.completeExceptionally(new AssertionError("made " + made));
            } catch (InterruptedException | CaissonException e) {
                outcome.complete(e);
            }
        });
        world.hanging.await();
        caller.interrupt();
        assertTrue(outcome.get(30, TimeUnit.SECONDS) instanceof InterruptedException);
        assertEquals(List.of(), world.open);
        assertEquals(List.of(), folders());
    }

    @Test
    void aGuestThatCrashesWhileBootingIsReportedWithItsLastWords() {
        world.hangingAt = Step.CONNECT;
        world.console = "[    0.1] booting\r\nKernel panic - not syncing: \u001b[31mno init\n\n";
        world.exit = Optional.of(new VirtualMachineExit(VirtualMachineExit.Cause.GUEST_CRASH, "reset"));
        CaissonException failure = assertThrows(CaissonException.class, () -> create("true"));
        assertEquals(ErrorKind.UNAVAILABLE, failure.kind());
        assertTrue(
                failure.getMessage()
                        .endsWith("is gone: its guest crashed (reset); the console ends: [    0.1] booting / "
                                + "Kernel panic - not syncing:  [31mno init"),
                failure.getMessage());
    }

    @Test
    void aFailureToConnectIsReportedWithTheConsolesLastLines() {
        world.failing = Step.CONNECT;
        world.console = "stuck here\n";
        CaissonException failure = assertThrows(CaissonException.class, () -> create("true"));
        assertEquals("made to fail at CONNECT; the console ends: stuck here", failure.getMessage());
    }

    @Test
    void runsAContainerFromItsSpecificationToItsEnd() throws Exception {
        try (Container container = create("echo", "hello")) {
            ContainerInfo info = container.info();
            assertEquals(ContainerInfo.State.CREATED, info.state());
            assertEquals(List.of("echo", "hello"), info.command());
            assertEquals("box:latest", info.image());
            assertEquals(info.id().substring(0, 12), info.name());
            assertEquals(
                    Map.of("vm", "toy", "kernel", "tiny", "vsock", "pipe", "rootfs", "ext9", "guest", "talk"),
                    info.providers());
            assertEquals(
                    List.of(
                            "container " + info.name()
                                    + " Overlay[lower=GuestDisk[serial=slot0, fileSystem=ext9], "
                                    + "scratch=Optional[GuestDisk[serial=slot1, fileSystem=ext9]], readOnly=false]",
                            "process [echo, hello] [A=image, B=run] /"),
                    world.guestCalls);
            assertEquals(List.of(info), service.list());

            container.init().start();
            assertEquals(ContainerInfo.State.RUNNING, container.info().state());
            assertEquals(Optional.empty(), container.init().await(Duration.ofMillis(1)));
            init().end(7, 0);
            assertEquals(Optional.of(new ExitStatus(7, 0)), container.init().await(LONG));
            assertEquals(ContainerInfo.State.EXITED, container.info().state());
            assertEquals(List.of(container.info()), service.list());
        }
        assertEquals(List.of(), service.list());
    }

    @Test
    void aStateThatCannotBeRecordedIsNoReasonNotToEnd() throws Exception {
        try (Container container = create("true")) {
            Path folder = home.resolve("containers").resolve(container.info().id());
            Files.createDirectory(folder.resolve("state.json.new"));
            container.init().start();
            init().end(3, 0);
            assertEquals(Optional.of(new ExitStatus(3, 0)), container.init().await(LONG));
            assertEquals(ContainerInfo.State.EXITED, container.info().state());
        }
    }

    @Test
    void aStartRemovesTheContainersOfOwnersThatDied() throws Exception {
        try (Container living = create("cat")) {
            Path containers = home.resolve("containers");
            String id = living.info().id();
            String state = Files.readString(containers.resolve(id).resolve("state.json"));
            Path dead = Files.createDirectory(containers.resolve("0123456789abcdef"));
            // A process of this id has never been started so late.
            Files.writeString(
                    dead.resolve("state.json"), state.replaceFirst("(\"ownerStarted\":)[0-9]+", "$1" + Long.MAX_VALUE));
            Files.createFile(dead.resolve("lock"));
            Files.createFile(dead.resolve("scratch.img"));
            try (Container next = create("cat")) {
                assertEquals(Set.of(id, next.info().id()), Set.copyOf(folders()));
            }
        }
    }

    @Test
    void theSandboxEndsOnceTheOutputOfAnExitedContainerIsRead() throws Exception {
        try (Container container = create("true")) {
            container.init().start();
            init().end(0, 0);
            assertEquals(Optional.of(new ExitStatus(0, 0)), container.init().await(LONG));
            assertTrue(world.open.contains("machine"));
            readAll(container.init());
            await(() -> world.open.isEmpty());
            assertEquals(Optional.of(new ExitStatus(0, 0)), container.info().exit());
            assertEquals(1, folders().size());
        }
    }

    @Test
    void aReadOnlyContainerHasNoScratchDisk() throws Exception {
        try (Container container =
                service.create(FakeWorld.builder("true").readOnly(true).build(), ProgressListener.NONE)) {
            assertFalse(Files.exists(
                    home.resolve("containers").resolve(container.info().id()).resolve("scratch.img")));
            assertTrue(world.guestCalls.getFirst().endsWith("scratch=Optional.empty, readOnly=true]"));
        }
    }

    @Test
    void theImageSaysWhatToRunUnlessTheCallerDoes() throws Exception {
        world.config = ImageConfig.builder()
                .entrypoint(List.of("entry"))
                .command(List.of("by", "default"))
                .build();
        try (Container byDefault = create();
                Container asked = create("other")) {
            assertEquals(List.of("entry", "by", "default"), byDefault.info().command());
            assertEquals(List.of("entry", "other"), asked.info().command());
        }
        world.config = ImageConfig.builder().build();
        assertEquals(
                "image box:latest says nothing about what to run: give a command",
                assertThrows(CaissonException.class, this::create).getMessage());
    }

    @Test
    void furtherProcessesInheritTheEnvironmentAndAreForgottenWhenTheyCannotStart() throws Exception {
        try (Container container = create("sh")) {
            ProcessSpec ls = ProcessSpec.builder()
                    .args(List.of("ls"))
                    .env("C=exec")
                    .workingDirectory("/tmp")
                    .build();
            assertEquals(
                    ErrorKind.INVALID_STATE,
                    assertThrows(CaissonException.class, () -> container.exec(ls))
                            .kind());
            container.init().start();
            try (ContainerProcess process = container.exec(ls)) {
                assertEquals("process [ls] [A=image, B=run, C=exec] /tmp", world.guestCalls.getLast());
                readAll(process);
                process("exec-1").end(3, 0);
                assertEquals(Optional.of(new ExitStatus(3, 0)), process.await(LONG));
            }
            assertTrue(process("exec-1").deleted);
            ProcessSpec missing = ProcessSpec.builder().args(List.of("missing")).build();
            assertEquals(
                    ErrorKind.NOT_FOUND,
                    assertThrows(CaissonException.class, () -> container.exec(missing))
                            .kind());
            assertTrue(process("exec-2").deleted);
        }
    }

    @Test
    void stoppingSendsTheImagesSignalFirst() throws Exception {
        try (Container container = create("sh")) {
            container.init().start();
            init().diesOfSignals = true;
            container.stop(LONG);
            assertEquals(List.of(10), init().signals);
            assertEquals(Optional.of(new ExitStatus(138, 10)), container.info().exit());
            container.stop(LONG);
            assertEquals(List.of(10), init().signals);
        }
    }

    @Test
    void stoppingKillsWhatDoesNotEndInTime() throws Exception {
        try (Container container = create("sh")) {
            container.init().start();
            container.stop(Duration.ZERO);
            assertEquals(List.of(10, 9), init().signals);
            assertEquals(Optional.of(new ExitStatus(137, 9)), container.info().exit());
        }
    }

    @Test
    void stoppingAContainerThatWasNotStartedEndsItsSandbox() throws Exception {
        try (Container container = create("sh")) {
            container.stop(LONG);
            assertEquals(List.of(), world.open);
            assertEquals(ContainerInfo.State.EXITED, container.info().state());
            assertThrows(CaissonException.class, () -> container.init().await(LONG));
        }
    }

    @Test
    void aMachineThatDiesIsTheEndOfTheContainerAndSaysWhy() throws Exception {
        world.console = "Kernel panic\n";
        try (Container container = create("sh")) {
            container.init().start();
            world.exit = Optional.of(new VirtualMachineExit(VirtualMachineExit.Cause.MONITOR_FAILURE, "killed"));
            init().lose("connection reset");
            CaissonException failure =
                    assertThrows(CaissonException.class, () -> container.init().await(LONG));
            assertEquals(ErrorKind.UNAVAILABLE, failure.kind());
            assertTrue(
                    failure.getMessage().contains("its monitor failed (killed); the console ends: Kernel panic"),
                    failure.getMessage());
            assertEquals(ContainerInfo.State.EXITED, container.info().state());
            assertEquals(Optional.empty(), container.info().exit());
        }
    }

    @Test
    void closingWakesThoseWhoWait() throws Exception {
        var outcome = new CompletableFuture<Throwable>();
        try (Container container = create("sh")) {
            container.init().start();
            Thread.ofVirtual().start(() -> {
                try {
                    container.init().await(LONG);
                } catch (CaissonException | InterruptedException e) {
                    outcome.complete(e);
                }
            });
        }
        assertTrue(
                String.valueOf(outcome.get(30, TimeUnit.SECONDS).getMessage()).contains("has been stopped"));
    }

    @Test
    void findsByIdPrefixAndName() throws Exception {
        try (Container one = service.create(FakeWorld.builder("a").name("one").build(), ProgressListener.NONE);
                Container two =
                        service.create(FakeWorld.builder("b").name("two").build(), ProgressListener.NONE)) {
            assertEquals(one, service.find("one"));
            assertEquals(two, service.find(two.info().id()));
            assertEquals(two, service.find(two.info().id().substring(0, 12)));
            assertEquals(
                    ErrorKind.NOT_FOUND,
                    assertThrows(CaissonException.class, () -> service.find("three"))
                            .kind());
            assertEquals(
                    ErrorKind.NOT_FOUND,
                    assertThrows(CaissonException.class, () -> service.find("")).kind());
            assertEquals(
                    List.of("one", "two"),
                    service.list().stream().map(ContainerInfo::name).toList());
        }
    }

    @Test
    void refusesASecondContainerOfTheSameName() throws Exception {
        try (Container one = service.create(FakeWorld.builder("a").name("one").build(), ProgressListener.NONE)) {
            CaissonException failure = assertThrows(
                    CaissonException.class,
                    () -> service.create(FakeWorld.builder("a").name("one").build(), ProgressListener.NONE));
            assertEquals(ErrorKind.EXISTS, failure.kind());
            assertTrue(failure.getMessage().contains(one.info().id()));
            assertEquals(List.of(one.info().id()), folders());
            assertTrue(Files.exists(home.resolve("locks/containers.lock")));
        }
        service.create(FakeWorld.builder("a").name("one").build(), ProgressListener.NONE)
                .close();
    }

    @Test
    void aProviderThatLeavesIsNotAskedAgainAndTheNextContainerMissesIt() throws Exception {
        try (Container running = create("sh")) {
            running.init().start();
            service.removeKernel(world.kernel);
            service.removeMachine(world.machines);
            service.removeVsock(world.vsock);
            service.removeAgent(world.agent);
            service.removeRootfs(world.rootfs);
            service.unsetImages(world.images);
            CaissonException failure = assertThrows(CaissonException.class, () -> create("sh"));
            assertEquals(ErrorKind.UNAVAILABLE, failure.kind());
            running.exec(ProcessSpec.builder().args(List.of("ls")).build()).close();
            running.stop(Duration.ZERO);
        }
    }

    @Test
    void goingAwayEndsEveryContainer() throws Exception {
        Container started = create("sh");
        started.init().start();
        create("sh");
        init().diesOfSignals = true;
        service.deactivate();
        assertEquals(List.of(), world.open);
        assertEquals(List.of(), folders());
        assertEquals(
                ErrorKind.UNAVAILABLE,
                assertThrows(CaissonException.class, () -> create("sh")).kind());
    }

    @ParameterizedTest
    @EnumSource(
            value = Step.class,
            names = {"IMAGE", "MACHINE", "CONNECT", "PROCESS"})
    void goingAwayBreaksOffAStartThatGoesOn(Step step) throws Exception {
        world.hangingAt = step;
        var outcome = new CompletableFuture<Throwable>();
        Thread caller = Thread.ofVirtual().start(() -> {
            try (Container made = create("true")) {
                outcome.completeExceptionally(new AssertionError("made " + made));
            } catch (InterruptedException | CaissonException e) {
                outcome.complete(e);
            }
        });
        world.hanging.await();
        service.deactivate();
        assertEquals(List.of(), world.open);
        assertEquals(List.of(), folders());
        caller.join();
        assertEquals("the container service is stopping", outcome.get().getMessage());
        assertEquals(
                "the container service is stopping",
                assertThrows(CaissonException.class, () -> create("true")).getMessage());
    }

    @Test
    void saysWhyTheHomeCannotBeWritten() throws Exception {
        Files.createFile(home.resolve("file"));
        SandboxContainerService lost = world.service(home.resolve("file"));
        CaissonException failure =
                assertThrows(CaissonException.class, () -> lost.create(FakeWorld.spec("sh"), ProgressListener.NONE));
        assertEquals(ErrorKind.UNAVAILABLE, failure.kind());
        assertTrue(failure.getMessage().contains(home.resolve("file").toString()), failure.getMessage());
    }
}
