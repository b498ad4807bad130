package io.caisson.launcher;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Arguments that are not UTF-8. The JVM puts U+FFFD in the place of every byte it does not understand, and whoever is
 * handed the argument would act on another one than the user's. The protocols of OCI and of the guest know text only, so
 * there is nothing but to refuse it.
 */
final class RawArguments {
    /** What this process was started with, each argument ended by a zero byte (proc_pid_cmdline(5)). */
    private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");

    private static final char REPLACEMENT = '\uFFFD';

    private RawArguments() {}

    /**
     * Looks at the bytes of arguments where the JVM may have replaced some.
     *
     * @throws LaunchException an argument is not UTF-8
     */
    static void check(String[] arguments) throws LaunchException {
        if (String.join("", arguments).indexOf(REPLACEMENT) < 0) {
            return;
        }
        try {
            check(arguments, Files.readAllBytes(COMMAND_LINE));
        } catch (IOException e) {
            throw new LaunchException("cannot read this command's arguments: " + Reason.of(e), e);
        }
    }

    /**
     * The same of a command line.
     *
     * @param line the JVM's own arguments, then all of these
     */
    static void check(String[] arguments, byte[] line) throws LaunchException {
        List<ByteBuffer> all = split(line);
        List<ByteBuffer> own = all.subList(Math.max(0, all.size() - arguments.length), all.size());
        for (int i = 0; i < own.size(); i++) {
            try {
                StandardCharsets.UTF_8.newDecoder().decode(own.get(i).duplicate());
            } catch (CharacterCodingException e) {
                throw new LaunchException(
                        "argument " + (i + 1) + " is not UTF-8, which all text for containers is: "
                                + quoted(own.get(i)),
                        e);
            }
        }
    }

    private static List<ByteBuffer> split(byte[] line) {
        var parts = new ArrayList<ByteBuffer>();
        int begin = 0;
        for (int i = 0; i < line.length; i++) {
            if (line[i] == 0) {
                parts.add(ByteBuffer.wrap(line, begin, i - begin).slice());
                begin = i + 1;
            }
        }
        return parts;
    }

    /** As a shell takes it: what is not printable ASCII by its number. */
    private static String quoted(ByteBuffer bytes) {
        var text = new StringBuilder("$'");
        while (bytes.hasRemaining()) {
            int b = Byte.toUnsignedInt(bytes.get());
            if (b < ' ' || b > '~') {
                text.append(String.format("\\x%02x", b));
            } else {
                text.append(b == '\'' || b == '\\' ? "\\" : "").append((char) b);
            }
        }
        return text.append('\'').toString();
    }
}
