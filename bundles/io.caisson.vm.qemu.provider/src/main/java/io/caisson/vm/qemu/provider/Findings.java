package io.caisson.vm.qemu.provider;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * What was found out about a QEMU and is worth keeping, as finding out takes a program's start or more.
 *
 * @param program whose version this is
 * @param version its version
 * @param trial what a trial of KVM with it showed; absent when there was none
 */
record Findings(
        QemuProgram program, QemuVersion version, @Nullable Trial trial) {
    /** Larger than any that is written here. */
    private static final long LARGEST_FILE = 4096;

    /**
     * The outcome of a trial of KVM.
     *
     * @param bootId the boot of the host in which it was made; in another it means nothing
     * @param works whether guest code was executed as fast as a processor does it
     * @param finding what was seen, for a person
     * @param validUntil in milliseconds since 1970: a busy host can make a good processor look bad
     */
    record Trial(String bootId, boolean works, String finding, long validUntil) {}

    Findings with(Trial found) {
        return new Findings(program, version, found);
    }

    /**
     * Reads what {@link #write} wrote. Empty when it is not there, not readable or not what is expected: then all is to
     * be found out again.
     */
    static Optional<Findings> read(Path file) {
        try {
            if (Files.size(file) > LARGEST_FILE) {
                return Optional.empty();
            }
            var values = new Properties();
            values.load(new StringReader(Files.readString(file)));
            return QemuVersion.parse(values.getProperty("version", "")).map(version -> of(values, version));
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static Findings of(Properties values, QemuVersion version) {
        var program = new QemuProgram(
                Path.of(values.getProperty("program", "")), number(values, "size"), number(values, "modified"));
        String bootId = values.getProperty("kvm.boot");
        if (bootId == null) {
            return new Findings(program, version, null);
        }
        return new Findings(
                program,
                version,
                new Trial(
                        bootId,
                        values.getProperty("kvm.works", "").equals("true"),
                        values.getProperty("kvm.finding", ""),
                        number(values, "kvm.until")));
    }

    private static long number(Properties values, String name) {
        return Long.parseLong(values.getProperty(name, ""));
    }

    /** Keeps this in a file, which is replaced as a whole: others may be reading and writing it. */
    void write(Path file) throws IOException {
        var values = new Properties();
        values.setProperty("program", program.path().toString());
        values.setProperty("size", Long.toString(program.size()));
        values.setProperty("modified", Long.toString(program.modified()));
        values.setProperty("version", version.text());
        if (trial != null) {
            values.setProperty("kvm.boot", trial.bootId());
            values.setProperty("kvm.works", Boolean.toString(trial.works()));
            values.setProperty("kvm.finding", trial.finding());
            values.setProperty("kvm.until", Long.toString(trial.validUntil()));
        }
        var text = new StringWriter();
        values.store(text, null);
        Path directory = file.toAbsolutePath().getParent();
        Files.createDirectories(directory);
        Path beside = Files.createTempFile(directory, file.getFileName() + ".", ".part");
        try {
            Files.writeString(beside, text.toString());
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(beside);
        }
    }
}
