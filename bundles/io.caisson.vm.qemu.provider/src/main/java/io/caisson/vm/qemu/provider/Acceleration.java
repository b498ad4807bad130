package io.caisson.vm.qemu.provider;

/**
 * How guest code is executed.
 *
 * @param kind by what
 * @param reason why by that, for a person
 */
record Acceleration(Kind kind, String reason) {
    /** QEMU's name of an accelerator is the constant's in lower case. */
    enum Kind {
        /** The processor's own virtualization. */
        KVM,
        /** QEMU's translation, several times slower. */
        TCG
    }

    static Acceleration kvm(String reason) {
        return new Acceleration(Kind.KVM, reason);
    }

    static Acceleration tcg(String reason) {
        return new Acceleration(Kind.TCG, reason);
    }
}
