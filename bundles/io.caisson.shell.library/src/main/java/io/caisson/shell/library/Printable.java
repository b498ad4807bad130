package io.caisson.shell.library;

/** Text of others, such as an image's, for a terminal: it stays on its line and steers nothing. */
public final class Printable {
    private Printable() {}

    /** The text with a space for every ISO control character: newlines, escape, delete, and the C1 controls. */
    public static String of(String text) {
        int i = 0;
        while (i < text.length() && !Character.isISOControl(text.charAt(i))) {
            i++;
        }
        if (i == text.length()) {
            return text;
        }
        var clean = new StringBuilder(text);
        for (; i < clean.length(); i++) {
            if (Character.isISOControl(clean.charAt(i))) {
                clean.setCharAt(i, ' ');
            }
        }
        return clean.toString();
    }
}
