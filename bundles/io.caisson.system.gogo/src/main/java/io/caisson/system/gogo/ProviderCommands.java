package io.caisson.system.gogo;

import io.caisson.service.api.Availability;
import io.caisson.service.api.Provider;
import io.caisson.shell.library.Arguments;
import io.caisson.shell.library.CommandSyntax;
import io.caisson.shell.library.Listing;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.felix.service.command.Descriptor;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.osgi.service.component.runtime.dto.UnsatisfiedReferenceDTO;

/** {@code provider:list}: every technology behind every SPI. */
@Component(
        service = ProviderCommands.class,
        property = {"osgi.command.scope=provider", "osgi.command.function=list", "caisson.command.short="})
public final class ProviderCommands {
    private static final CommandSyntax LIST = CommandSyntax.builder(
                    "provider list", "List every provider of every SPI, the preferred one of each first")
            .listing()
            .build();

    private final BundleContext context;
    private final ServiceComponentRuntime components;

    /** Made by Declarative Services. */
    @Activate
    public ProviderCommands(
            BundleContext context,
            @Reference(policyOption = ReferencePolicyOption.GREEDY) ServiceComponentRuntime components) {
        this.context = context;
        this.components = components;
    }

    /** Whether a provider can be used. */
    enum State {
        /** It can. */
        AVAILABLE,
        /** It says that it cannot serve on this host. */
        UNAVAILABLE,
        /** It is not registered because a service it needs is missing. */
        UNSATISFIED,
        /** It is not registered because its activation failed. */
        FAILED
    }

    /** A line of the list. */
    record Row(String id, String spi, int ranking, State state, String bundle, String reason) {}

    /** Lists the providers. */
    @Descriptor("List every provider of every SPI")
    public Object list(String[] line) {
        Arguments arguments = LIST.parse(List.of(line));
        if (arguments.help()) {
            return LIST.help();
        }
        var rows = new ArrayList<Row>();
        registered(rows);
        missing(rows);
        rows.sort(Comparator.comparing(Row::spi)
                .thenComparing(Row::ranking, Comparator.reverseOrder())
                .thenComparing(Row::id));
        return new Listing(Row.class, rows, arguments.style());
    }

    private void registered(List<Row> rows) {
        try {
            ServiceReference<?>[] references = context.getAllServiceReferences(null, "(" + Provider.NAME + "=*)");
            if (references == null) {
                return;
            }
            for (ServiceReference<?> reference : references) {
                Object service = context.getService(reference);
                Availability availability = service instanceof Provider provider
                        ? provider.availability()
                        : Availability.no("its activation failed", "see the log: caisson --debug provider list");
                context.ungetService(reference);
                String reason = availability.remedy().isEmpty()
                        ? availability.reason()
                        : availability.reason() + " — " + availability.remedy();
                State state =
                        availability.available() ? State.AVAILABLE : service == null ? State.FAILED : State.UNAVAILABLE;
                String[] interfaces = (String[]) reference.getProperty(Constants.OBJECTCLASS);
                rows.add(row(
                        interfaces[0],
                        reference.getProperty(Provider.NAME),
                        ranking(reference.getProperty(Constants.SERVICE_RANKING)),
                        state,
                        reference.getBundle(),
                        reason));
            }
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private void missing(List<Row> rows) {
        for (ComponentDescriptionDTO description : components.getComponentDescriptionDTOs()) {
            Object name = description.properties.get(Provider.NAME);
            if (name == null) {
                continue;
            }
            for (ComponentConfigurationDTO configuration : components.getComponentConfigurationDTOs(description)) {
                if (configuration.state == ComponentConfigurationDTO.UNSATISFIED_REFERENCE) {
                    var needs = new ArrayList<String>();
                    for (UnsatisfiedReferenceDTO reference : configuration.unsatisfiedReferences) {
                        needs.add(reference.name);
                    }
                    rows.add(row(
                            description.serviceInterfaces[0],
                            name,
                            ranking(description.properties.get(Constants.SERVICE_RANKING)),
                            State.UNSATISFIED,
                            context.getBundle(description.bundle.id),
                            "needs " + String.join(", ", needs)));
                }
            }
        }
    }

    private static Row row(
            String spi, @Nullable Object name, int ranking, State state, @Nullable Bundle bundle, String reason) {
        String simple = spi.substring(spi.lastIndexOf('.') + 1);
        String module = bundle == null ? "" : bundle.getSymbolicName() + " " + bundle.getVersion();
        return new Row(domain(spi) + "/" + name, simple, ranking, state, module, reason);
    }

    /** {@code vm} of {@code io.caisson.vm.api.VirtualMachineProvider}. */
    private static String domain(String spi) {
        String[] parts = spi.split("\\.", -1);
        return parts.length > 3 ? parts[parts.length - 3] : spi;
    }

    private static int ranking(@Nullable Object property) {
        return property instanceof Integer number ? number : 0;
    }
}
