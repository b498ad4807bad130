package io.caisson.host.linux.ffm;

/** Signals a child process can be sent, signal(7). */
public enum ProcessSignal {
    /** The terminal is gone, or: read your configuration again. */
    HUP(1),
    /** Ctrl-C. */
    INT(2),
    /** Ctrl-backslash. */
    QUIT(3),
    /** Die at once; cannot be caught. */
    KILL(9),
    /** For the program to define. */
    USR1(10),
    /** For the program to define. */
    USR2(12),
    /** End, please. */
    TERM(15),
    /** Go on after {@link #STOP}. */
    CONT(18),
    /** Stop until {@link #CONT}; cannot be caught. */
    STOP(19);

    private final int number;

    ProcessSignal(int number) {
        this.number = number;
    }

    /** Its number, the same on x86_64 and aarch64. */
    public int number() {
        return number;
    }
}
