package io.caisson.host.linux.ffm;

import java.lang.reflect.Proxy;

/** {@code sun.misc.Signal}, by reflection because the compiler warns of it. */
final class SignalHandling {
    private SignalHandling() {}

    /** Handles a signal until closed. */
    static AutoCloseable handle(String name, Runnable handler) throws ReflectiveOperationException {
        Class<?> signal = Class.forName("sun.misc.Signal");
        Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
        Object proxy =
                Proxy.newProxyInstance(handlerType.getClassLoader(), new Class<?>[] {handlerType}, (p, method, a) -> {
                    if (method.getName().equals("handle")) {
                        handler.run();
                    }
                    return method.getReturnType() == boolean.class ? (Object) false : null;
                });
        Object number = signal.getConstructor(String.class).newInstance(name);
        Object before = signal.getMethod("handle", signal, handlerType).invoke(null, number, proxy);
        return () -> signal.getMethod("handle", signal, handlerType).invoke(null, number, before);
    }
}
