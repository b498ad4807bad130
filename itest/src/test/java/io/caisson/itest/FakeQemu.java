package io.caisson.itest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Programs to take for QEMU, most of which change its command line and become it. */
final class FakeQemu {
    private FakeQemu() {}

    /** A machine whose processor never starts: a guest that never answers and says nothing. */
    static Path paused(Path directory) throws IOException {
        return script(directory, "paused", "exec qemu-system-x86_64 \"$@\" -S");
    }

    /** A machine whose kernel gets a further argument. */
    static Path withKernelArgument(Path directory, String name, String argument) throws IOException {
        return script(directory, name, """
                appended=no
                count=$#
                while [ "$count" -gt 0 ]; do
                  word=$1
                  shift
                  [ $appended = yes ] && word="$word %s"
                  appended=no
                  [ "$word" = -append ] && appended=yes
                  set -- "$@" "$word"
                  count=$((count - 1))
                done
                exec qemu-system-x86_64 "$@"
                """.formatted(argument));
    }

    /** One that says something and fails. */
    static Path failing(Path directory, String words) throws IOException {
        return script(
                directory,
                "failing",
                "[ \"$1\" = --version ] && exec qemu-system-x86_64 --version\necho '" + words + "' >&2\nexit 3");
    }

    private static Path script(Path directory, String name, String body) throws IOException {
        Path file = directory.resolve(name);
        Files.writeString(file, "#!/bin/sh\n" + body + "\n");
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
