package io.caisson.image.store.provider;

import io.caisson.image.api.Descriptor;
import io.caisson.image.api.Digest;
import io.caisson.json.library.JsonException;
import io.caisson.json.library.JsonObject;
import io.caisson.json.library.JsonWriter;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The references: one file that is read as it is and replaced as a whole. Whoever changes it holds an exclusive lock on
 * another file from reading to renaming, so that no process undoes what another did.
 */
final class ReferenceFile {
    private static final int VERSION = 1;
    private static final int LONGEST = 16 << 20;

    /** Changes take milliseconds. */
    private static final long RETRY_MILLIS = 5;

    private final Path home;
    private final Path file;
    private final Path locks;
    private final Object lockInThisJvm;

    ReferenceFile(Path home) {
        this.home = home;
        file = home.resolve("images.json");
        locks = home.resolve("locks");
        // A file lock keeps other processes out, not other threads; and there may be two stores on one home in a JVM,
        // of two frameworks or of a bundle before and after its update. Interned strings are what those share.
        lockInThisJvm = locks.toString().intern();
    }

    /** A change of the references. */
    @FunctionalInterface
    interface Change {
        /** Makes the change, or throws and changes nothing. */
        void apply(Map<String, Descriptor> references);
    }

    /** All references, sorted by name. */
    SortedMap<String, Descriptor> read() {
        var references = new TreeMap<String, Descriptor>();
        try (var in = new FileInputStream(file.toFile())) {
            byte[] bytes = in.readNBytes(LONGEST + 1);
            if (bytes.length > LONGEST) {
                throw corrupt("longer than " + LONGEST + " bytes", null);
            }
            parse(JsonObject.read(bytes), references);
        } catch (FileNotFoundException e) {
            if (Files.exists(file)) {
                throw StoreFailure.reading("the image references", file, e);
            }
        } catch (JsonException e) {
            throw corrupt(String.valueOf(e.getMessage()), e);
        } catch (IOException e) {
            throw StoreFailure.reading("the image references", file, e);
        }
        return references;
    }

    private void parse(JsonObject document, Map<String, Descriptor> references) throws JsonException {
        long version = document.requiredNumber("version");
        if (version > VERSION) {
            throw new CaissonException(
                    ErrorKind.UNSUPPORTED,
                    "the image references in " + file + " were written by a newer Caisson (version " + version
                            + " of the file, " + VERSION + " is known here)");
        }
        for (JsonObject entry : document.objects("images")) {
            try {
                var target = new Descriptor(
                        entry.requiredString("mediaType"),
                        Digest.parse(entry.requiredString("digest")),
                        entry.requiredNumber("size"),
                        entry.stringMap("annotations"));
                references.put(entry.requiredString("name"), target);
            } catch (CaissonException e) {
                throw entry.failure("digest", e.getMessage());
            }
        }
    }

    CaissonException corrupt(String how, @Nullable Exception cause) {
        return new CaissonException(
                ErrorKind.CORRUPT,
                "the image references in " + file + " are damaged: " + how
                        + " (move the file away and load the images again)",
                cause);
    }

    /** Changes the references; the change is on disk when this returns. */
    void update(Change change) {
        try {
            Files.createDirectories(locks);
            synchronized (lockInThisJvm) {
                try (FileChannel channel = FileChannel.open(
                        locks.resolve("images.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                    lock(channel);
                    SortedMap<String, Descriptor> references = read();
                    change.apply(references);
                    replace(write(references));
                }
            }
        } catch (InterruptedException | ClosedByInterruptException e) {
            Thread.currentThread().interrupt();
            throw new CaissonException(ErrorKind.CANCELLED, "changing the image references in " + file, e);
        } catch (IOException e) {
            throw StoreFailure.writing("the image references", file, e);
        }
    }

    /** Asks again and again, for a virtual thread that waits in {@link FileChannel#lock} cannot be interrupted there. */
    private static void lock(FileChannel channel) throws IOException, InterruptedException {
        // Closing the channel lets go of the lock.
        while (channel.tryLock() == null) {
            Thread.sleep(RETRY_MILLIS);
        }
    }

    private static byte[] write(SortedMap<String, Descriptor> references) {
        JsonWriter out = new JsonWriter().object().member("version", VERSION).array("images");
        references.forEach((name, target) -> {
            out.object()
                    .member("name", name)
                    .member("mediaType", target.mediaType())
                    .member("digest", target.digest().toString())
                    .member("size", target.size());
            if (!target.annotations().isEmpty()) {
                out.member("annotations", new TreeMap<>(target.annotations()));
            }
            out.end();
        });
        return out.end().end().bytes();
    }

    /** Writes beside and renames. One name is enough, for the lock is held. */
    private void replace(byte[] content) throws IOException {
        Path beside = home.resolve("images.json.new");
        try (FileChannel out = FileChannel.open(
                beside, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer left = ByteBuffer.wrap(content);
            while (left.hasRemaining()) {
                out.write(left);
            }
            out.force(true);
        }
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
        PartialFile.force(home);
    }
}
