package io.caisson.itest.bench;

import java.util.Locale;

/** A table, in Markdown, of two things measured side by side and how they compare. */
final class Comparison {
    private final StringBuilder text = new StringBuilder();
    private final String unit;

    /**
     * A table.
     *
     * @param title what is measured
     * @param unit of all values
     */
    Comparison(String title, String unit) {
        this.unit = unit;
        text.append("### ").append(title).append("\n\n| | n | median | quartiles |\n| --- | --: | --: | --: |\n");
    }

    /** A line of measured values. */
    Comparison measured(String what, Series values) {
        line(
                what,
                Integer.toString(values.count()),
                number(values.median()) + " " + unit,
                number(values.quantile(0.25)) + " – " + number(values.quantile(0.75)));
        return this;
    }

    /**
     * A line with the ratio of two medians.
     *
     * @param promise such as "at most 1.5"
     */
    Comparison ratio(Series ours, Series theirs, String promise) {
        line("**ratio** (promised: " + promise + ")", "", number(ours.median() / theirs.median()), "");
        return this;
    }

    private void line(String... cells) {
        text.append('|');
        for (String cell : cells) {
            text.append(' ').append(cell).append(" |");
        }
        text.append('\n');
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value < 10 ? "%.3f" : "%.0f", value);
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
