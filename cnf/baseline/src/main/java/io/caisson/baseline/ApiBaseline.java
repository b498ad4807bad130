package io.caisson.baseline;

import aQute.bnd.differ.Baseline;
import aQute.bnd.differ.DiffPluginImpl;
import aQute.bnd.header.Attrs;
import aQute.bnd.header.Parameters;
import aQute.bnd.osgi.Instructions;
import aQute.bnd.osgi.Processor;
import aQute.bnd.service.diff.Delta;
import aQute.bnd.service.diff.Diff;
import aQute.bnd.service.diff.Tree;
import aQute.bnd.service.diff.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Fails the build when a bundle's exported packages have changed and their versions do not say so. bnd decides what a
 * change means; what is special here is that the older side is text beside the bundle, not a jar in a repository.
 */
public final class ApiBaseline {
    private static final Set<Delta> SAME = EnumSet.of(Delta.UNCHANGED, Delta.IGNORED);

    private ApiBaseline() {}

    /**
     * Compares a bundle with its baseline, or records it as its new baseline when the comparison allows it.
     *
     * @param arguments the baseline's file, the bundle, and {@code check} or {@code record}
     */
    public static void main(String[] arguments) throws Exception {
        Path file = Path.of(arguments[0]);
        Tree newer = ApiTree.ofBundle(Path.of(arguments[1]));
        boolean record =
                switch (arguments[2]) {
                    case "check" -> false;
                    case "record" -> true;
                    default -> throw new IllegalArgumentException("check or record, not " + arguments[2]);
                };
        List<String> faults = faults(newer, ApiTree.ofText(file), record);
        if (!faults.isEmpty()) {
            throw new IllegalStateException(
                    "exported packages do not match " + file + "\n  " + String.join("\n  ", faults));
        }
        if (record) {
            Files.writeString(file, ApiTree.text(newer));
        }
    }

    /**
     * What is wrong with the versions of the newer packages, a line for each fault.
     *
     * @param newPackages whether packages may appear that the older side does not have
     */
    static List<String> faults(Tree newer, Tree older, boolean newPackages) throws Exception {
        try (Processor reporter = new Processor()) {
            Set<Baseline.Info> packages = new Baseline(reporter, new DiffPluginImpl())
                    .baseline(newer, versions(newer), older, versions(older), new Instructions("*"));
            List<String> faults = new ArrayList<>();
            packages.stream()
                    .sorted((a, b) -> a.packageName.compareTo(b.packageName))
                    .map(info -> fault(info, newPackages))
                    .filter(fault -> !fault.isEmpty())
                    .forEach(faults::add);
            return faults;
        }
    }

    private static String fault(Baseline.Info info, boolean newPackages) {
        String name = "package " + info.packageName;
        Delta delta = info.packageDiff.getDelta();
        if (delta == Delta.REMOVED) {
            return name
                    + " is gone, which breaks whoever imports it: bring it back, or take its lines out of the baseline";
        }
        if (delta == Delta.ADDED) {
            return newPackages ? "" : name + " has no baseline: record it with -Dcaisson.baseline=record";
        }
        if (info.mismatch) {
            StringBuilder fault = new StringBuilder(name + " has changed (" + delta + "): raise its version from "
                    + info.newerVersion + " to " + info.suggestedVersion);
            describe(info.packageDiff, "", fault);
            return fault.toString();
        }
        if (info.newerVersion.compareTo(info.olderVersion) < 0) {
            return name + " has version " + info.newerVersion + ", less than " + info.olderVersion + " in the baseline";
        }
        return "";
    }

    /** Appends the changes that bnd found, each where it starts: an added class is one line, not one for each member. */
    private static void describe(Diff diff, String within, StringBuilder text) {
        for (Diff child : diff.getChildren()) {
            if (SAME.contains(child.getDelta()) || child.getType() == Type.VERSION) {
                continue;
            }
            String name = within.isEmpty() ? child.getName() : within + " " + child.getName();
            if (child.getDelta() == Delta.ADDED || child.getDelta() == Delta.REMOVED) {
                Tree tree = child.getDelta() == Delta.ADDED ? child.getNewer() : child.getOlder();
                Delta meaning = child.getDelta() == Delta.ADDED ? tree.ifAdded() : tree.ifRemoved();
                text.append("\n    ")
                        .append(child.getDelta())
                        .append(" (")
                        .append(meaning)
                        .append(") ")
                        .append(child.getType())
                        .append(' ')
                        .append(name);
            } else {
                describe(child, name, text);
            }
        }
    }

    private static Parameters versions(Tree tree) {
        Parameters exports = new Parameters();
        for (Tree exported : ApiTree.packages(tree)) {
            Attrs attributes = new Attrs();
            @Nullable String version = version(exported);
            if (version != null) {
                attributes.put("version", version);
            }
            exports.put(exported.getName(), attributes);
        }
        return exports;
    }

    private static @Nullable String version(Tree exported) {
        for (Tree child : exported.getChildren()) {
            if (child.getType() == Type.VERSION) {
                return child.getName();
            }
        }
        return null;
    }
}
