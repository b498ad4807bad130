package io.caisson.image.provider;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

/**
 * The services of a whiteboard. They are got when they are needed and given back after, so that a provider nobody needs
 * is not even activated.
 *
 * @param <S> the service
 */
final class RankedServices<S> {
    private final BundleContext context;
    private final Set<ServiceReference<S>> references = ConcurrentHashMap.newKeySet();

    RankedServices(BundleContext context) {
        this.context = context;
    }

    void add(ServiceReference<S> reference) {
        references.add(reference);
    }

    void remove(ServiceReference<S> reference) {
        references.remove(reference);
    }

    /**
     * What is tried with one service after another.
     *
     * @param <S> the service
     * @param <R> the outcome
     */
    @FunctionalInterface
    interface Attempt<S, R> {
        /** The outcome; null to go on with the next service. */
        @Nullable
        R with(S service) throws InterruptedException;
    }

    /**
     * Tries those there are now, the best first, until one gives an outcome; null when none does. The outcome counts
     * even if this bundle has been stopped meanwhile.
     */
    <R> @Nullable R tryEach(Attempt<S, R> attempt) throws InterruptedException {
        List<ServiceReference<S>> ordered = new ArrayList<>(references);
        Collections.sort(ordered, Collections.reverseOrder());
        for (ServiceReference<S> reference : ordered) {
            S service = get(reference);
            if (service == null) {
                continue;
            }
            try {
                R outcome = attempt.with(service);
                if (outcome != null) {
                    return outcome;
                }
            } finally {
                giveBack(reference);
            }
        }
        return null;
    }

    private @Nullable S get(ServiceReference<S> reference) {
        try {
            return context.getService(reference);
        } catch (IllegalStateException e) {
            throw new CaissonException(
                    ErrorKind.UNAVAILABLE, "the image service was stopped while it was in use (try again)", e);
        }
    }

    private void giveBack(ServiceReference<S> reference) {
        try {
            context.ungetService(reference);
        } catch (IllegalStateException e) {
            // The framework gave back all that this bundle used when it stopped (OSGi Core 8, section 4.4.3).
        }
    }
}
