package io.caisson.service.api;

/** What sort of failure a {@link CaissonException} is: what a caller can decide on. */
public enum ErrorKind {
    /** The thing named does not exist. */
    NOT_FOUND,
    /** A thing of that name exists already. */
    EXISTS,
    /** The request is wrong in itself; repeating it fails again. */
    INVALID_ARGUMENT,
    /** The request does not fit the state of the thing it is for. */
    INVALID_STATE,
    /** No provider here can do what was asked. */
    UNSUPPORTED,
    /** Something that is needed is missing, broken or out of reach now; it may work later or after a remedy. */
    UNAVAILABLE,
    /** An answer did not come in time. */
    TIMEOUT,
    /** The caller gave up. */
    CANCELLED,
    /** The caller is not allowed to. */
    PERMISSION_DENIED,
    /** Stored or received data is not what it must be. */
    CORRUPT,
    /** A fault of Caisson's own. */
    INTERNAL
}
