package io.caisson.image.provider;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

/** As much of the service registry as the whiteboards need: references in their order, services got and given back. */
final class FakeRegistry {
    private final Map<ServiceReference<?>, Entry> entries = new HashMap<>();
    private final Map<String, String> properties;
    private boolean stopped;

    FakeRegistry(Map<String, String> properties) {
        this.properties = properties;
    }

    private static final class Entry {
        private final Object service;
        private final int ranking;
        private final long id;
        private int uses;

        Entry(Object service, int ranking, long id) {
            this.service = service;
            this.ranking = ranking;
            this.id = id;
        }
    }

    @SuppressWarnings("unchecked")
    <S> ServiceReference<S> register(S service, int ranking, long id) {
        ServiceReference<S> reference = (ServiceReference<S>) Proxy.newProxyInstance(
                FakeRegistry.class.getClassLoader(), new Class<?>[] {ServiceReference.class}, this::reference);
        entries.put(reference, new Entry(service, ranking, id));
        return reference;
    }

    /** OSGi Core 8, section 5.2.5: by ranking; of equals the oldest is the greatest. */
    private Object reference(Object self, Method method, Object[] arguments) {
        return switch (method.getName()) {
            case "hashCode" -> System.identityHashCode(self);
            case "equals" -> self == arguments[0];
            case "compareTo" -> {
                Entry mine = entry(self);
                Entry other = entry(arguments[0]);
                yield mine.ranking == other.ranking
                        ? Long.compare(other.id, mine.id)
                        : Integer.compare(mine.ranking, other.ranking);
            }
            default -> throw new UnsupportedOperationException(method.getName());
        };
    }

    private Entry entry(Object reference) {
        return Objects.requireNonNull(entries.get((ServiceReference<?>) reference));
    }

    BundleContext context() {
        return (BundleContext) Proxy.newProxyInstance(
                FakeRegistry.class.getClassLoader(), new Class<?>[] {BundleContext.class}, this::context);
    }

    private @Nullable Object context(Object self, Method method, Object[] arguments) {
        if (stopped) {
            throw new IllegalStateException("BundleContext is no longer valid");
        }
        return switch (method.getName()) {
            case "getProperty" -> properties.get((String) arguments[0]);
            case "getService" -> {
                entry(arguments[0]).uses++;
                yield entry(arguments[0]).service;
            }
            case "ungetService" -> {
                entry(arguments[0]).uses--;
                yield true;
            }
            default -> throw new UnsupportedOperationException(method.getName());
        };
    }

    /** The bundle whose context this is stops. */
    void stop() {
        stopped = true;
    }

    /** Services that were got and not given back. */
    int uses() {
        return entries.values().stream().mapToInt(entry -> entry.uses).sum();
    }
}
