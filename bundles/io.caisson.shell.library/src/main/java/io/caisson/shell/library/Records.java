package io.caisson.shell.library;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import org.jspecify.annotations.Nullable;

/** Reads records by their components. */
final class Records {
    private Records() {}

    static @Nullable Object get(Record row, RecordComponent component) {
        try {
            var accessor = component.getAccessor();
            // A row type may be private to the command that returns it.
            accessor.setAccessible(true);
            return accessor.invoke(row);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("cannot read " + component + " of " + row.getClass(), e);
        }
    }
}
