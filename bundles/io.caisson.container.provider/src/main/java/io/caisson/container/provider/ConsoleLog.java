package io.caisson.container.provider;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The end of a guest's console, for errors. What a guest printed is cleaned of what could steer a terminal. */
final class ConsoleLog {
    private static final int TAIL_BYTES = 4 << 10;
    private static final int TAIL_LINES = 20;
    private static final int QUOTED_LINES = 3;
    private static final int QUOTED_CHARACTERS = 300;

    private ConsoleLog() {}

    /** The last lines that are not blank, oldest first; none when there is no log. */
    static List<String> tail(Path log) {
        byte[] bytes;
        try (var file = new RandomAccessFile(log.toFile(), "r")) {
            long from = Math.max(0, file.length() - TAIL_BYTES);
            bytes = new byte[(int) (file.length() - from)];
            file.seek(from);
            file.readFully(bytes);
        } catch (IOException e) {
            return List.of();
        }
        var lines = new ArrayList<String>();
        for (String line : new String(bytes, StandardCharsets.UTF_8).split("[\r\n]+", -1)) {
            String clean = clean(line);
            if (!clean.isEmpty()) {
                lines.add(clean);
            }
        }
        return lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size());
    }

    /** Completes an error's message with the last few lines: "; the console ends: …". Empty without any. */
    static String quote(List<String> tail) {
        if (tail.isEmpty()) {
            return "";
        }
        String lines = String.join(" / ", tail.subList(Math.max(0, tail.size() - QUOTED_LINES), tail.size()));
        return "; the console ends: "
                + (lines.length() > QUOTED_CHARACTERS
                        ? "…" + lines.substring(lines.length() - QUOTED_CHARACTERS)
                        : lines);
    }

    private static String clean(String line) {
        var clean = new StringBuilder(line.length());
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            clean.append(Character.isISOControl(c) ? ' ' : c);
        }
        return clean.toString().strip();
    }
}
