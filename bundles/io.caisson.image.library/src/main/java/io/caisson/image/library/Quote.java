package io.caisson.image.library;

/** Foreign text for a message: short, in quotes, without control characters that a terminal would obey. */
public final class Quote {
    private static final int MAX_LENGTH = 80;

    private Quote() {}

    /** The text, quoted. */
    public static String of(String text) {
        var quoted = new StringBuilder("'");
        for (int i = 0; i < Math.min(text.length(), MAX_LENGTH); i++) {
            char c = text.charAt(i);
            quoted.append(Character.isISOControl(c) ? '?' : c);
        }
        return quoted.append(text.length() > MAX_LENGTH ? "…'" : "'").toString();
    }
}
