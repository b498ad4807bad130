package io.caisson.container.provider;

import io.caisson.container.api.Container;
import io.caisson.container.api.ContainerHandle;
import io.caisson.container.api.ContainerInfo;
import io.caisson.container.api.ContainerService;
import io.caisson.container.api.ContainerSpec;
import io.caisson.guest.api.GuestAgent;
import io.caisson.image.api.ImageService;
import io.caisson.image.api.ImageStore;
import io.caisson.kernel.api.KernelProvider;
import io.caisson.rootfs.api.RootfsBuilder;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.FrameworkProperties;
import io.caisson.service.api.ProgressListener;
import io.caisson.vm.api.VirtualMachineProvider;
import io.caisson.vsock.api.VsockTransport;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;

/**
 * Runs containers with whatever providers there are when each starts. Every reference is dynamic: providers come and go
 * without this component, and thereby its sandboxes, being disturbed.
 */
@Component
public final class SandboxContainerService implements ContainerService {
    /** How long containers get to end when this service goes. */
    private static final Duration FAREWELL = Duration.ofSeconds(5);

    private static final int SHORT_ID = 12;

    /** The logger of those who tell how long the parts of something took, which {@code --debug} shows. */
    private static final String TIMING = "io.caisson.timing";

    private final Whiteboard whiteboard = new Whiteboard();
    private final ContainerFolders folders;
    private final FirstSecret firstSecret;
    private final ThisProcess self;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, OwnedContainer> owned = new ConcurrentHashMap<>();
    private final Starts starts = new Starts();
    private volatile @Nullable Logger logger;
    private volatile @Nullable Logger timing;

    /** For the framework. */
    @Activate
    public SandboxContainerService(BundleContext context) throws IOException {
        this(FrameworkProperties.home(context.getProperty(FrameworkProperties.HOME)));
    }

    SandboxContainerService(Path home) throws IOException {
        self = ThisProcess.get();
        folders = new ContainerFolders(home, self);
        firstSecret = new FirstSecret(home, this::warn);
    }

    @Override
    public Container create(ContainerSpec spec, ProgressListener progress) throws InterruptedException {
        starts.begin();
        try {
            return start(spec, progress);
        } catch (InterruptedException e) {
            if (starts.areBrokenOff()) {
                throw new CaissonException(ErrorKind.UNAVAILABLE, Starts.STOPPING, e);
            }
            throw e;
        } finally {
            starts.end();
        }
    }

    private Container start(ContainerSpec spec, ProgressListener progress) throws InterruptedException {
        var trace = new Trace();
        try (var undo = new Undo(this::warn)) {
            Ingredients ingredients = whiteboard.choose(spec);
            trace.reached("chosen");
            ContainerRecord state = created(spec, ingredients);
            ContainerFolder folder = undo.add(folders.create(state, spec.name().isPresent()));
            trace.reached("folder");
            var launch = new Launch(spec, progress, ingredients, folder, state, firstSecret.get(), undo, trace);
            OwnedContainer container = launch.run(this::forget, this::warn);
            container.open();
            undo.keep();
            owned.put(container.id(), container);
            trace.reached("created");
            tell("container {} came up, in ms from its creation: {}", container.id(), trace);
            return container;
        }
    }

    private ContainerRecord created(ContainerSpec spec, Ingredients ingredients) {
        String id = HexFormat.of().toHexDigits(random.nextLong());
        return new ContainerRecord(
                new ContainerInfo(
                        id,
                        spec.name().orElse(id.substring(0, SHORT_ID)),
                        spec.image().familiar(),
                        spec.process().args(),
                        ContainerInfo.State.CREATING,
                        Instant.now().truncatedTo(ChronoUnit.MILLIS),
                        Optional.empty(),
                        ingredients.names()),
                self.id(),
                self.started());
    }

    private void forget(OwnedContainer container) {
        owned.remove(container.id());
    }

    @Override
    public List<ContainerInfo> list() {
        var list = new ArrayList<ContainerInfo>();
        for (ContainerFolders.Found found : scan()) {
            OwnedContainer own = owned.get(found.state().info().id());
            list.add(own == null ? found.state().info() : own.info());
        }
        list.sort(Comparator.comparing(ContainerInfo::created).thenComparing(ContainerInfo::id));
        return list;
    }

    private List<ContainerFolders.Found> scan() {
        try {
            return folders.scan();
        } catch (IOException e) {
            throw new CaissonException(ErrorKind.UNAVAILABLE, "reading the list of containers: " + Reason.of(e), e);
        }
    }

    @Override
    public ContainerHandle find(String idOrName) {
        ContainerFolders.Found found = match(idOrName, scan());
        OwnedContainer own = owned.get(found.state().info().id());
        return own == null ? new RemoteContainer(found, whiteboard.agents) : own;
    }

    private static ContainerFolders.Found match(String idOrName, List<ContainerFolders.Found> all) {
        var candidates = new ArrayList<ContainerFolders.Found>();
        for (ContainerFolders.Found found : all) {
            ContainerInfo info = found.state().info();
            if (info.id().equals(idOrName) || info.name().equals(idOrName)) {
                return found;
            }
            if (!idOrName.isEmpty() && info.id().startsWith(idOrName)) {
                candidates.add(found);
            }
        }
        if (candidates.size() == 1) {
            return candidates.getFirst();
        }
        if (candidates.isEmpty()) {
            throw new CaissonException(
                    ErrorKind.NOT_FOUND, "no container '" + idOrName + "' (container list shows those there are)");
        }
        var ids = new ArrayList<String>();
        candidates.forEach(candidate -> ids.add(candidate.state().info().id()));
        throw new CaissonException(
                ErrorKind.INVALID_ARGUMENT, "'" + idOrName + "' fits several containers: " + String.join(", ", ids));
    }

    /**
     * Breaks off the starts that go on, then ends all containers, side by side: their stop signal first, their machines
     * after the grace time.
     */
    @Deactivate
    void deactivate() {
        starts.breakOff();
        var ending = new ArrayList<Thread>();
        for (OwnedContainer container : owned.values()) {
            ending.add(Thread.ofVirtual()
                    .name("caisson-" + container.id() + "-end")
                    .start(() -> end(container)));
        }
        try {
            for (Thread each : ending) {
                each.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void end(OwnedContainer container) {
        try (container) {
            container.stop(FAREWELL);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (CaissonException e) {
            warn(e);
        }
    }

    @Reference(
            cardinality = ReferenceCardinality.OPTIONAL,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void setLoggers(LoggerFactory loggers) {
        logger = loggers.getLogger(SandboxContainerService.class);
        timing = loggers.getLogger(TIMING);
    }

    void unsetLoggers(LoggerFactory loggers) {
        logger = null;
        timing = null;
    }

    private void warn(Exception failure) {
        Logger current = logger;
        if (current != null) {
            current.warn("{}", failure.getMessage(), failure);
        }
    }

    private void tell(String format, Object... arguments) {
        Logger current = timing;
        if (current != null) {
            current.debug(format, arguments);
        }
    }

    @Reference(
            cardinality = ReferenceCardinality.OPTIONAL,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void setImages(ImageService service) {
        whiteboard.images.set(service);
    }

    void unsetImages(ImageService service) {
        whiteboard.images.compareAndSet(service, null);
    }

    @Reference(
            cardinality = ReferenceCardinality.OPTIONAL,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void setStore(ImageStore service) {
        whiteboard.store.set(service);
    }

    void unsetStore(ImageStore service) {
        whiteboard.store.compareAndSet(service, null);
    }

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void addRootfs(RootfsBuilder provider, Map<String, Object> properties) {
        whiteboard.rootfs.add(provider, properties);
    }

    void removeRootfs(RootfsBuilder provider) {
        whiteboard.rootfs.remove(provider);
    }

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void addKernel(KernelProvider provider, Map<String, Object> properties) {
        whiteboard.kernels.add(provider, properties);
    }

    void removeKernel(KernelProvider provider) {
        whiteboard.kernels.remove(provider);
    }

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void addVsock(VsockTransport provider, Map<String, Object> properties) {
        whiteboard.vsocks.add(provider, properties);
    }

    void removeVsock(VsockTransport provider) {
        whiteboard.vsocks.remove(provider);
    }

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void addMachine(VirtualMachineProvider provider, Map<String, Object> properties) {
        whiteboard.machines.add(provider, properties);
    }

    void removeMachine(VirtualMachineProvider provider) {
        whiteboard.machines.remove(provider);
    }

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void addAgent(GuestAgent provider, Map<String, Object> properties) {
        whiteboard.agents.add(provider, properties);
    }

    void removeAgent(GuestAgent provider) {
        whiteboard.agents.remove(provider);
    }
}
