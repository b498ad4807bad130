package io.caisson.host.linux.ffm;

/** What differs between the architectures served. */
enum Architecture {
    X86_64,
    AARCH64;

    /** The one this JVM runs on. */
    static final Architecture HOST = host();

    private static Architecture host() {
        String name = System.getProperty("os.arch", "");
        return switch (name) {
            case "amd64" -> X86_64;
            case "aarch64" -> AARCH64;
            default ->
                throw new UnsupportedOperationException("no native bindings for " + name + ": only amd64 and aarch64");
        };
    }
}
