package io.caisson.image.provider;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.osgi.framework.Constants;

/**
 * The services of a whiteboard, by {@code service.ranking}; of equals the oldest first, as in the service registry
 * (OSGi Core 8, section 5.2.5).
 *
 * @param <S> the service
 */
final class RankedServices<S> {
    private final Map<S, Rank> services = new ConcurrentHashMap<>();

    private record Rank(int ranking, long id) {}

    private record Ranked<S>(S service, Rank rank) {}

    void add(S service, Map<String, Object> properties) {
        int ranking = properties.get(Constants.SERVICE_RANKING) instanceof Integer number ? number : 0;
        long id = properties.get(Constants.SERVICE_ID) instanceof Long number ? number : Long.MAX_VALUE;
        services.put(service, new Rank(ranking, id));
    }

    void remove(S service) {
        services.remove(service);
    }

    /** Those there are now, the best first. */
    List<S> inOrder() {
        var ranked = new ArrayList<Ranked<S>>();
        services.forEach((service, rank) -> ranked.add(new Ranked<>(service, rank)));
        ranked.sort(Comparator.comparingInt((Ranked<S> entry) -> -entry.rank.ranking)
                .thenComparingLong(entry -> entry.rank.id));
        var ordered = new ArrayList<S>(ranked.size());
        ranked.forEach(entry -> ordered.add(entry.service));
        return ordered;
    }
}
