package io.caisson.system.gogo;

import io.caisson.host.linux.ffm.HostInfo;
import io.caisson.service.api.Availability;
import io.caisson.service.api.FrameworkProperties;
import io.caisson.service.api.HostCheck;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** Checks what every part of Caisson needs: the Java runtime and a home with room in it. */
@Component(property = "service.ranking:Integer=100")
public final class RuntimeCheck implements HostCheck {
    /** Below this a first image may not fit. */
    private static final long ENOUGH_ROOM = 1L << 30;

    private final Path home;

    /** Made by Declarative Services. */
    @Activate
    public RuntimeCheck(BundleContext context) {
        home = FrameworkProperties.home(context.getProperty(FrameworkProperties.HOME));
    }

    @Override
    public List<Result> check() {
        var results = new ArrayList<Result>();
        results.add(new Result("Java", Status.OK, Runtime.version() + " in " + System.getProperty("java.home"), ""));
        results.add(nativeAccess(RuntimeCheck.class.getModule().isNativeAccessEnabled(), HostInfo.nativeAccess()));
        results.add(homeResult());
        return results;
    }

    /** Allowed expressly, allowed with a warning for now, or not. */
    static Result nativeAccess(boolean enabled, Availability usable) {
        String subject = "native access";
        if (!usable.available()) {
            return new Result(subject, Status.FAIL, usable.reason(), usable.remedy());
        }
        return enabled
                ? new Result(subject, Status.OK, "enabled", "")
                : new Result(
                        subject,
                        Status.WARN,
                        "not enabled: the JVM warns now and will refuse later",
                        "start the JVM with --enable-native-access=ALL-UNNAMED");
    }

    private Result homeResult() {
        try {
            Files.createDirectories(home);
            Path probe = Files.createTempFile(home, ".doctor", null);
            Files.delete(probe);
            long room = Files.getFileStore(home).getUsableSpace();
            String finding = home + ", writable, " + (room >> 20) + " MiB free";
            return room < ENOUGH_ROOM
                    ? new Result("home", Status.WARN, finding, "free at least 1 GiB or set CAISSON_HOME elsewhere")
                    : new Result("home", Status.OK, finding, "");
        } catch (IOException e) {
            return new Result("home", Status.FAIL, home + ": " + e, "set CAISSON_HOME to a directory you can write to");
        }
    }
}
