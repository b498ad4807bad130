package io.caisson.itest.bench;

import java.util.ArrayList;
import java.util.List;

/** Measured values of one thing. */
final class Series {
    private final List<Double> values = new ArrayList<>();

    void add(double value) {
        values.add(value);
    }

    int count() {
        return values.size();
    }

    double median() {
        return quantile(0.5);
    }

    /** By linear interpolation between the two nearest values. */
    double quantile(double share) {
        var sorted = new ArrayList<>(values);
        sorted.sort(null);
        double position = share * (sorted.size() - 1);
        int below = (int) position;
        int above = Math.min(below + 1, sorted.size() - 1);
        return sorted.get(below) + (position - below) * (sorted.get(above) - sorted.get(below));
    }
}
