package io.caisson.container.provider;

import java.util.ArrayList;
import java.util.List;

/** When the stages of a start were reached. Costs a clock reading each. */
final class Trace {
    private final long begin = System.nanoTime();
    private final List<String> stages = new ArrayList<>();

    /** A stage is reached. */
    synchronized void reached(String stage) {
        long micros = (System.nanoTime() - begin) / 1000;
        stages.add(stage + "=" + micros / 1000 + "." + micros / 100 % 10);
    }

    /** The stages in the order reached, each with its time since the beginning in milliseconds. */
    @Override
    public synchronized String toString() {
        return String.join(" ", stages);
    }
}
