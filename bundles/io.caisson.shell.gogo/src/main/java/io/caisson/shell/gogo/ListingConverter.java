package io.caisson.shell.gogo;

import io.caisson.shell.library.Listing;
import org.apache.felix.service.command.Converter;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Component;

/** Shows listings in a Gogo session. */
@Component(property = Converter.CONVERTER_CLASSES + "=io.caisson.shell.library.Listing")
public final class ListingConverter implements Converter {
    @Override
    public @Nullable Object convert(Class<?> desired, Object value) {
        return value instanceof Listing listing && desired.isAssignableFrom(String.class)
                ? listing.render(TerminalWidth.columns())
                : null;
    }

    @Override
    public @Nullable CharSequence format(Object value, int level, Converter others) {
        if (!(value instanceof Listing listing)) {
            return null;
        }
        return level == Converter.INSPECT ? listing.render(TerminalWidth.columns()) : listing.toString();
    }
}
