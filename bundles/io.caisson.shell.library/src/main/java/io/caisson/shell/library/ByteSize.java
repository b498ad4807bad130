package io.caisson.shell.library;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A number of bytes, as a person writes and reads it: binary units (IEC 80000-13), so {@code 64m} is 64 MiB.
 *
 * @param bytes at least 0
 */
public record ByteSize(long bytes) {
    private static final String UNITS = "kmgt";
    private static final Pattern TEXT = Pattern.compile("([0-9]{1,19})([kmgt]?)(i?b)?");

    static long parse(String option, String text) {
        Matcher matcher = TEXT.matcher(text.toLowerCase(Locale.ROOT));
        if (matcher.matches()) {
            String unit = matcher.group(2);
            int shift = unit == null || unit.isEmpty() ? 0 : 10 * (UNITS.indexOf(unit) + 1);
            try {
                return Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift);
            } catch (ArithmeticException | NumberFormatException e) {
                // Answered below, together with texts of another form.
            }
        }
        throw new CaissonException(
                ErrorKind.INVALID_ARGUMENT, "--" + option + " takes a size such as 512m or 2g, not '" + text + "'");
    }

    /** Such as {@code 1.9 MiB}. */
    @Override
    public String toString() {
        double value = bytes;
        int unit = -1;
        while (value >= 1024 && unit < UNITS.length() - 1) {
            value /= 1024;
            unit++;
        }
        if (unit < 0) {
            return bytes + " B";
        }
        return String.format(
                Locale.ROOT, value < 10 ? "%.1f %siB" : "%.0f %siB", value, Character.toUpperCase(UNITS.charAt(unit)));
    }
}
