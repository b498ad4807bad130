package io.caisson.shell.library;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

/**
 * A command with several operands failed with some of them. Its message has what is to be printed
 * of the others first, then a line for each failure: Gogo's own shell shows nothing else.
 */
public final class PartialFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String done;
    private final transient List<CaissonException> failures;

    private PartialFailure(String done, List<CaissonException> failures) {
        super(message(done, failures), failures.getFirst());
        this.done = done;
        this.failures = List.copyOf(failures);
        failures.stream().skip(1).forEach(this::addSuppressed);
    }

    private static String message(String done, List<CaissonException> failures) {
        var lines = new StringJoiner("\n");
        if (!done.isEmpty()) {
            lines.add(done);
        }
        failures.forEach(failure -> lines.add(failure.getMessage()));
        return lines.toString();
    }

    /**
     * What is done to one operand.
     *
     * @param <E> what it may be interrupted by
     */
    public interface Step<E extends Exception> {
        /** Does it; returns the lines to print. */
        List<String> apply(String operand) throws E;
    }

    /**
     * Does the same to every operand, whatever becomes of the others, unless this thread is interrupted. Returns all
     * lines, joined.
     *
     * @throws CaissonException the failure of the only operand, or the one that an interruption caused
     * @throws PartialFailure some of several operands failed
     */
    public static <E extends Exception> String orEach(List<String> operands, Step<E> step) throws E {
        var lines = new ArrayList<String>();
        var failures = new ArrayList<CaissonException>();
        for (String operand : operands) {
            try {
                lines.addAll(step.apply(operand));
            } catch (CaissonException e) {
                if (operands.size() == 1
                        || e.kind() == ErrorKind.CANCELLED
                        || Thread.currentThread().isInterrupted()) {
                    throw e;
                }
                failures.add(e);
            }
        }
        String done = String.join("\n", lines);
        if (!failures.isEmpty()) {
            throw new PartialFailure(done, failures);
        }
        return done;
    }

    /** What to print of the operands that did not fail; may be empty. */
    public String done() {
        return done;
    }

    /** The failures, in the order of the operands. */
    public List<CaissonException> failures() {
        return failures;
    }

    /** As {@link io.caisson.service.api.CaissonException}'s. */
    @Override
    @SuppressWarnings("OverrideThrowableToString")
    public String toString() {
        return "caisson: " + getMessage();
    }
}
