package io.caisson.image.api;

/** Foreign text in a message: short, and without control characters that a terminal would obey. */
final class Quoted {
    private static final int MAX_LENGTH = 200;

    private Quoted() {}

    static String of(String text) {
        var quoted = new StringBuilder("'");
        for (int i = 0; i < Math.min(text.length(), MAX_LENGTH); i++) {
            char c = text.charAt(i);
            quoted.append(Character.isISOControl(c) ? '?' : c);
        }
        return quoted.append(text.length() > MAX_LENGTH ? "…'" : "'").toString();
    }
}
