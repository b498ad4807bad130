package io.caisson.host.linux.ffm;

/** How a process ended. */
public sealed interface ProcessExit {
    /**
     * It ended by itself.
     *
     * @param status 0 to 255
     */
    record Exited(int status) implements ProcessExit {
        @Override
        public String toString() {
            return "exit status " + status;
        }
    }

    /**
     * A signal ended it.
     *
     * @param signal its number, 1 to 64
     */
    record Killed(int signal) implements ProcessExit {
        @Override
        public String toString() {
            return "killed by signal " + signal;
        }
    }
}
