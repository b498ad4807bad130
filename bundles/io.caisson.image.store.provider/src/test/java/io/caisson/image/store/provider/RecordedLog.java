package io.caisson.image.store.provider;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.osgi.service.log.Logger;

/** A logger whose warnings a test can read. */
final class RecordedLog {
    private final List<String> warnings = new CopyOnWriteArrayList<>();

    List<String> warnings() {
        return warnings;
    }

    Logger logger() {
        InvocationHandler handler = (proxy, method, arguments) -> {
            if (method.getName().equals("warn")) {
                warnings.add(Arrays.deepToString(arguments));
            }
            return null;
        };
        return (Logger)
                Proxy.newProxyInstance(RecordedLog.class.getClassLoader(), new Class<?>[] {Logger.class}, handler);
    }
}
