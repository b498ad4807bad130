package io.caisson.guest.grpc.provider;

/**
 * Which process of a guest.
 *
 * @param container the id of its container
 * @param process its own id
 */
record ProcessId(String container, String process) {
    @Override
    public String toString() {
        return "process '" + process + "' of container '" + container + "'";
    }
}
