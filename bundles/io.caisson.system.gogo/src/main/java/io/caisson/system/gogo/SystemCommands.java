package io.caisson.system.gogo;

import io.caisson.service.api.HostCheck;
import io.caisson.shell.library.Arguments;
import io.caisson.shell.library.CommandResult;
import io.caisson.shell.library.CommandSyntax;
import io.caisson.shell.library.Listing;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.apache.felix.service.command.Descriptor;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** {@code system:doctor}: can this host run containers, and if not, what is to be done? */
@Component(
        service = SystemCommands.class,
        property = {"osgi.command.scope=system", "osgi.command.function=doctor", "caisson.command.short="})
public final class SystemCommands {
    private static final CommandSyntax DOCTOR = CommandSyntax.builder(
                    "system doctor", "Check the host; the exit status is 1 when containers cannot run")
            .format()
            .build();

    private final Map<ServiceReference<HostCheck>, HostCheck> checks =
            new ConcurrentSkipListMap<>(Comparator.reverseOrder());

    /** A check has arrived. */
    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void addCheck(ServiceReference<HostCheck> reference, HostCheck check) {
        checks.put(reference, check);
    }

    /** A check has left. */
    void removeCheck(ServiceReference<HostCheck> reference) {
        checks.remove(reference);
    }

    /** Runs every check. */
    @Descriptor("Check the host and say what to mend")
    public Object doctor(String[] line) throws InterruptedException {
        Arguments arguments = DOCTOR.parse(List.of(line));
        if (arguments.help()) {
            return DOCTOR.help();
        }
        var results = new ArrayList<HostCheck.Result>();
        for (HostCheck check : checks.values()) {
            results.addAll(check.check());
        }
        boolean failed = results.stream().anyMatch(result -> result.status() == HostCheck.Status.FAIL);
        var style = arguments.style() == Listing.Style.JSON ? Listing.Style.JSON : Listing.Style.WIDE_TABLE;
        return new CommandResult(new Listing(HostCheck.Result.class, results, style), failed ? 1 : 0);
    }
}
