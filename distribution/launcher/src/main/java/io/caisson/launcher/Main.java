package io.caisson.launcher;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import org.osgi.framework.BundleException;

/**
 * {@code caisson COMMAND…}: one framework, one command, one exit status.
 *
 * <p>System properties: {@code caisson.distribution}, the distribution's directory (required); {@code
 * caisson.orderly.exit}, whether to leave through the JVM's orderly shutdown, which recording an AOT cache needs.
 */
public final class Main {
    /** Caisson's own failures, as Docker and Kata number theirs. */
    private static final int FAILURE = 125;

    /** Taken before Gogo puts its own streams in their place. */
    private static final PrintStream ERROR = System.err;

    private Main() {}

    /** Framework threads are not daemons, so every path ends the JVM, unless it ends already. */
    public static void main(String[] arguments) {
        var ending = Ending.watch();
        var request = Request.of(arguments);
        int status = FAILURE;
        try {
            status = run(arguments, request, ending);
        } catch (LaunchException e) {
            if (!ending.hasBegun()) {
                ERROR.println("caisson: " + e.getMessage());
                if (request.debug()) {
                    e.printStackTrace(ERROR);
                }
            }
        } catch (Throwable e) {
            ERROR.println("caisson: internal error: " + e);
            e.printStackTrace(ERROR);
        } finally {
            ERROR.flush();
            ending.mainIsDone();
            if (!ending.hasBegun()) {
                exit(status);
            }
        }
    }

    private static void exit(int status) {
        if (Boolean.getBoolean("caisson.orderly.exit")) {
            System.exit(status);
        }
        Runtime.getRuntime().halt(status);
    }

    private static int run(String[] arguments, Request request, Ending ending) throws LaunchException {
        RawArguments.check(arguments);
        String location = System.getProperty("caisson.distribution");
        if (location == null) {
            throw new LaunchException(
                    "start Caisson by its bin/caisson: system property caisson.distribution is unset");
        }
        Distribution distribution = Distribution.at(Path.of(location).toAbsolutePath());
        restoreCache(distribution.root().resolve("lib"), request.debug(), ERROR);
        Path home = Home.locate(System.getenv());
        // A shell may install, update and remove bundles, so it gets a framework storage of its own.
        boolean own = request.opensShell();
        try (var storage =
                        ending.whole(() -> own ? Storage.own(home, distribution) : Storage.shared(home, distribution));
                var framework = ending.whole(() -> RunningFramework.start(distribution, home, storage))) {
            return framework.execute(arguments);
        } catch (IOException e) {
            throw new LaunchException(
                    "cannot use " + home + " as home: " + Reason.of(e)
                            + " (set CAISSON_HOME to a directory you can write to)",
                    e);
        } catch (BundleException e) {
            throw new LaunchException(
                    "the OSGi framework does not start with its storage in " + home + ": " + Reason.of(e), e);
        } catch (InterruptedException e) {
            throw new LaunchException("interrupted while starting", e);
        }
    }

    /** Caisson runs without its start-up cache, only slower: whoever wonders why asks with {@code --debug}. */
    static void restoreCache(Path library, boolean debug, PrintStream error) {
        try {
            ClassPath.restoreTimes(library);
        } catch (IOException e) {
            if (debug) {
                error.println("caisson: starts without its start-up cache, whose jars in " + library
                        + " do not have their time of modification: " + Reason.of(e)
                        + " (run it once as a user who may write there)");
            }
        }
    }
}
