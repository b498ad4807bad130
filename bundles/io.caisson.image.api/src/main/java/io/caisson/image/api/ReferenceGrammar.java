package io.caisson.image.api;

/**
 * The grammar of a reference's parts, read by hand: a reference is read by every cold {@code caisson} command, and no
 * input takes more than one look at each character.
 */
final class ReferenceGrammar {
    /** Distribution-spec v1.1: clients "should" keep host, path and separator within 255. */
    private static final int MAX_NAME = 255;

    private static final int MAX_TAG = 128;
    private static final int MAX_PORT = 65535;

    private ReferenceGrammar() {}

    /** A host name, IPv4 address or IPv6 address in brackets, and a port or none. */
    static boolean isRegistry(String text) {
        if (text.isEmpty() || text.length() > MAX_NAME) {
            return false;
        }
        int end = text.charAt(0) == '[' ? text.indexOf(']') + 1 : text.indexOf(':');
        if (text.charAt(0) == '[') {
            if (end <= 0 || !isAddress(text, 1, end - 1)) {
                return false;
            }
        } else {
            end = end < 0 ? text.length() : end;
            if (!isHostName(text, end)) {
                return false;
            }
        }
        return end == text.length() || (text.charAt(end) == ':' && isPort(text, end + 1));
    }

    /** Letters, digits and hyphens, in parts separated by dots; a hyphen neither begins nor ends a part. */
    private static boolean isHostName(String text, int end) {
        char before = '.';
        for (int i = 0; i < end; i++) {
            char c = text.charAt(i);
            boolean fits =
                    switch (c) {
                        case '.' -> before != '.' && before != '-';
                        case '-' -> before != '.';
                        default -> isLetterOrDigit(c);
                    };
            if (!fits) {
                return false;
            }
            before = c;
        }
        return before != '.' && before != '-';
    }

    /** The alphabet of an IPv6 address, and at least two colons; whoever connects to it checks the rest. */
    private static boolean isAddress(String text, int from, int to) {
        int colons = 0;
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            if (c == ':') {
                colons++;
            } else if (c != '.' && (c > 'f' || Character.digit(c, 16) < 0)) {
                return false;
            }
        }
        return colons >= 2 && colons <= 7;
    }

    private static boolean isPort(String text, int from) {
        int length = text.length() - from;
        if (length < 1 || length > 5) {
            return false;
        }
        int port = 0;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return false;
            }
            port = port * 10 + c - '0';
        }
        return port >= 1 && port <= MAX_PORT;
    }

    /**
     * Distribution-spec v1.1: {@code [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*}.
     */
    static boolean isRepository(String text) {
        if (text.length() > MAX_NAME) {
            return false;
        }
        int separatorAt = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (isLowerCaseOrDigit(c)) {
                if (!isSeparator(text, separatorAt, i)) {
                    return false;
                }
                separatorAt = i + 1;
            } else if (c != '.' && c != '_' && c != '-' && c != '/') {
                return false;
            }
        }
        return separatorAt == text.length() && !text.isEmpty();
    }

    /** Whether what stands between two letters or digits is nothing, one separator, or part of the name's beginning. */
    private static boolean isSeparator(String text, int from, int to) {
        int length = to - from;
        if (length == 0) {
            return true;
        }
        if (from == 0) {
            return false;
        }
        char c = text.charAt(from);
        for (int i = from + 1; i < to; i++) {
            if (text.charAt(i) != c) {
                return false;
            }
        }
        return length == 1 || c == '-' || (c == '_' && length == 2);
    }

    /** Distribution-spec v1.1: {@code [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}}. */
    static boolean isTag(String text) {
        if (text.isEmpty() || text.length() > MAX_TAG) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!isLetterOrDigit(c) && c != '_' && (i == 0 || (c != '.' && c != '-'))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isLetterOrDigit(char c) {
        return isLowerCaseOrDigit(c) || (c >= 'A' && c <= 'Z');
    }

    private static boolean isLowerCaseOrDigit(char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    }
}
