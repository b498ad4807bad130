package io.caisson.vm.qemu.provider;

/** Why KVM is out of the question, before it is even tried. */
enum KvmObstacle {
    /** The guest's processor is not the host's. */
    OTHER_ARCHITECTURE(
            "a processor of another architecture is translated",
            "nothing to mend: another architecture's guests run, slower"),
    /** The host has no KVM. */
    ABSENT(
            "there is no /dev/kvm",
            "switch virtualization on in the firmware, or nested virtualization in the hypervisor this host runs on"),
    /** The user may not open it. */
    INACCESSIBLE(
            "/dev/kvm is not accessible to this user",
            "add the user to the group that owns /dev/kvm: sudo usermod -aG kvm \"$USER\", then log in again");

    private final String reason;
    private final String remedy;

    KvmObstacle(String reason, String remedy) {
        this.reason = reason;
        this.remedy = remedy;
    }

    /** For a person. */
    String reason() {
        return reason;
    }

    /** What a person can do. */
    String remedy() {
        return remedy;
    }
}
