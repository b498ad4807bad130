package io.caisson.container.provider;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * This process as folders name it: process ids are used again, together with the start time they are not.
 *
 * @param id the process id
 * @param started when it started, in clock ticks since boot: field 22 of /proc/pid/stat (proc(5))
 */
record ThisProcess(long id, long started) {
    private static final int STARTTIME = 22;
    /** The field after the command's name in parentheses, which may hold anything. */
    private static final int STATE = 3;

    static ThisProcess get() throws IOException {
        String stat = Files.readString(Path.of("/proc/self/stat"));
        String[] afterName = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return new ThisProcess(
                Long.parseLong(stat.substring(0, stat.indexOf(' '))), Long.parseLong(afterName[STARTTIME - STATE]));
    }
}
