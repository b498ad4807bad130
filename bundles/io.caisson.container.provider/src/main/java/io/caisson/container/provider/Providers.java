package io.caisson.container.provider;

import io.caisson.service.api.Availability;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import io.caisson.service.api.Provider;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.osgi.framework.Constants;

/**
 * The providers of one SPI, as they come and go. A choice is made once, when a sandbox starts; what was chosen is not
 * asked for again.
 */
final class Providers<P extends Provider> {
    private final String what;
    private final Map<P, Candidate<P>> candidates = new ConcurrentHashMap<>();

    /** The providers of what errors call {@code what}: "kernel". */
    Providers(String what) {
        this.what = what;
    }

    /** A provider and its service properties. */
    record Candidate<P extends Provider>(P provider, Map<String, Object> properties) {
        String name() {
            return properties.get(Provider.NAME) instanceof String name ? name : "unnamed";
        }

        /** A service property of type String+. */
        Set<String> strings(String key) {
            return switch (properties.get(key)) {
                case String one -> Set.of(one);
                case String[] array -> Set.of(array);
                case Collection<?> many -> {
                    var strings = new TreeSet<String>();
                    many.forEach(each -> strings.add(String.valueOf(each)));
                    yield strings;
                }
                case null, default -> Set.of();
            };
        }

        boolean flag(String key) {
            return Boolean.TRUE.equals(properties.get(key));
        }

        private int ranking() {
            return properties.get(Constants.SERVICE_RANKING) instanceof Integer ranking ? ranking : 0;
        }

        private long id() {
            return properties.get(Constants.SERVICE_ID) instanceof Long id ? id : Long.MAX_VALUE;
        }
    }

    void add(P provider, Map<String, Object> properties) {
        candidates.put(provider, new Candidate<>(provider, properties));
    }

    void remove(P provider) {
        candidates.remove(provider);
    }

    /** Best first: by ranking and, of equals, the oldest (OSGi Core 8, section 5.2.5). */
    private List<Candidate<P>> ranked() {
        var ranked = new ArrayList<>(candidates.values());
        ranked.sort(Comparator.comparingInt((Candidate<P> candidate) -> -candidate.ranking())
                .thenComparingLong(Candidate::id));
        return ranked;
    }

    /**
     * The best provider there is, now.
     *
     * @param name the only one that will do
     * @param forWhat completes "no kernel …" in errors: "for arm64"; may be empty
     * @throws CaissonException NOT_FOUND when none has the name, UNAVAILABLE when there is none or none can serve here,
     *     UNSUPPORTED when none suits
     */
    Candidate<P> choose(Optional<String> name, Predicate<Candidate<P>> suits, String forWhat) {
        List<Candidate<P>> all = ranked();
        if (all.isEmpty()) {
            throw new CaissonException(
                    ErrorKind.UNAVAILABLE, "no " + what + " is installed: install a bundle that brings one");
        }
        var named = new ArrayList<Candidate<P>>();
        for (Candidate<P> candidate : all) {
            if (name.isEmpty() || name.get().equals(candidate.name())) {
                named.add(candidate);
            }
        }
        if (named.isEmpty()) {
            throw new CaissonException(
                    ErrorKind.NOT_FOUND, "no " + what + " '" + name.orElse("") + "' (there are: " + names(all) + ")");
        }
        var refusals = new ArrayList<String>();
        for (Candidate<P> candidate : named) {
            if (suits.test(candidate)) {
                Availability availability = candidate.provider().availability();
                if (availability.available()) {
                    return candidate;
                }
                refusals.add(refusal(candidate, availability));
            }
        }
        if (refusals.isEmpty()) {
            throw new CaissonException(
                    ErrorKind.UNSUPPORTED, "no " + what + " " + forWhat + " (there are: " + names(named) + ")");
        }
        throw new CaissonException(
                ErrorKind.UNAVAILABLE, "no " + what + " can serve here: " + String.join("; ", refusals));
    }

    private static <P extends Provider> String names(List<Candidate<P>> candidates) {
        var names = new TreeSet<String>();
        candidates.forEach(candidate -> names.add(candidate.name()));
        return String.join(", ", names);
    }

    private static String refusal(Candidate<?> candidate, Availability availability) {
        String remedy = availability.remedy().isEmpty() ? "" : " (" + availability.remedy() + ")";
        return candidate.name() + ": " + availability.reason() + remedy;
    }
}
