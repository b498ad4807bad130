package io.caisson.shell.gogo;

import java.util.Arrays;
import org.apache.felix.service.command.Converter;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/**
 * What the framework's own commands take in scripts: bundles by id, location or symbolic name, services by id or filter.
 * The interactive shell's line editor brings such a converter along.
 */
final class BundleConverter implements Converter {
    private final BundleContext context;

    /**
     * A converter.
     *
     * @param context the framework's own, which sees all bundles and services
     */
    BundleConverter(BundleContext context) {
        this.context = context;
    }

    @Override
    public @Nullable Object convert(Class<?> desired, Object value) throws InvalidSyntaxException {
        String text = value.toString();
        if (desired == Bundle.class) {
            return bundle(text);
        }
        return desired == ServiceReference.class ? service(text) : null;
    }

    private @Nullable Bundle bundle(String text) {
        if (isId(text)) {
            return context.getBundle(Long.parseLong(text));
        }
        return Arrays.stream(context.getBundles())
                .filter(bundle -> text.equals(bundle.getLocation()) || text.equals(bundle.getSymbolicName()))
                .findFirst()
                .orElse(null);
    }

    private @Nullable ServiceReference<?> service(String text) throws InvalidSyntaxException {
        if (!isId(text) && !text.startsWith("(")) {
            return null;
        }
        ServiceReference<?>[] found = context.getAllServiceReferences(
                null, isId(text) ? "(" + Constants.SERVICE_ID + "=" + text + ")" : text);
        return found == null ? null : found[0];
    }

    private static boolean isId(String text) {
        return text.matches("[0-9]{1,18}");
    }

    @Override
    public @Nullable CharSequence format(Object value, int level, Converter others) {
        return null;
    }
}
