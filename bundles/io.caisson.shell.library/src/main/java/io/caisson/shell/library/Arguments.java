package io.caisson.shell.library;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A command line that fits its {@link CommandSyntax}. */
public final class Arguments {
    private final Map<String, List<String>> values;
    private final List<String> operands;

    Arguments(Map<String, List<String>> values, List<String> operands) {
        this.values = Map.copyOf(values);
        this.operands = List.copyOf(operands);
    }

    /** Whether the user asks for the help text. */
    public boolean help() {
        return has("help");
    }

    /** Whether an option was given. */
    public boolean has(String longName) {
        return values.containsKey(longName);
    }

    /** An option's value; the last one when it was given more than once. */
    public Optional<String> value(String longName) {
        return values(longName).isEmpty()
                ? Optional.empty()
                : Optional.of(values(longName).getLast());
    }

    /** All of an option's values, in order. */
    public List<String> values(String longName) {
        return values.getOrDefault(longName, List.of());
    }

    /** An option's value as a number in a range. */
    public Optional<Integer> number(String longName, int least, int greatest) {
        return value(longName).map(text -> {
            try {
                int number = Integer.parseInt(text);
                if (number >= least && number <= greatest) {
                    return number;
                }
            } catch (NumberFormatException e) {
                // Answered below, together with numbers out of range.
            }
            throw new CaissonException(
                    ErrorKind.INVALID_ARGUMENT,
                    "--" + longName + " takes a number from " + least + " to " + greatest + ", not '" + text + "'");
        });
    }

    /** An option's value as a size in bytes. */
    public Optional<Long> bytes(String longName) {
        return value(longName).map(text -> ByteSize.parse(longName, text));
    }

    /** The operands, in order. */
    public List<String> operands() {
        return operands;
    }

    /** How a list of things is to be shown: {@code --quiet}, {@code --no-trunc}, {@code --format}. */
    public Listing.Style style() {
        String format = value("format").orElse("table");
        if (!format.equals("table") && !format.equals("json")) {
            throw new CaissonException(
                    ErrorKind.INVALID_ARGUMENT, "--format takes table or json, not '" + format + "'");
        }
        if (format.equals("json")) {
            if (has("quiet")) {
                throw new CaissonException(
                        ErrorKind.INVALID_ARGUMENT,
                        "--quiet prints identifiers only: it does not go with --format json");
            }
            return Listing.Style.JSON;
        }
        if (has("quiet")) {
            return Listing.Style.IDENTIFIERS;
        }
        return has("no-trunc") ? Listing.Style.WIDE_TABLE : Listing.Style.TABLE;
    }
}
