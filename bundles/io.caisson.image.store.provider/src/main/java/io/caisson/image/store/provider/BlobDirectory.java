package io.caisson.image.store.provider;

import io.caisson.image.api.ContentStore;
import io.caisson.image.api.Descriptor;
import io.caisson.image.api.Digest;
import io.caisson.image.library.Quote;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;

/**
 * Blobs as files: {@code <root>/sha256/<hex>}. A file there is complete: it is written under another name beside, checked
 * on the way, forced to disk and renamed. Blobs are never written to again.
 */
final class BlobDirectory implements ContentStore {
    private static final int BUFFER = 128 * 1024;

    private final Path root;

    private final PartialFiles partials;

    BlobDirectory(Path root) {
        this.root = root;
        partials = new PartialFiles(root.resolve("ingest"));
    }

    static CaissonException damaged(Digest digest, String how) {
        return new CaissonException(
                ErrorKind.CORRUPT,
                "blob " + digest + " in the image store is damaged: " + how
                        + " (caisson image load FILE, with an image that has it, mends it)");
    }

    private Path directory(Digest digest) {
        return root.resolve(digest.algorithm());
    }

    private Path file(Digest digest) {
        return directory(digest).resolve(digest.hex());
    }

    @Override
    public boolean contains(Digest digest) {
        return Files.isRegularFile(file(digest));
    }

    @Override
    public long size(Digest digest) {
        try {
            return Files.readAttributes(file(digest), BasicFileAttributes.class).size();
        } catch (NoSuchFileException e) {
            throw missing(digest);
        } catch (IOException e) {
            throw StoreFailure.reading("blob " + digest, file(digest), e);
        }
    }

    private static CaissonException missing(Digest digest) {
        return new CaissonException(ErrorKind.NOT_FOUND, "blob " + digest + " is not in the image store");
    }

    @Override
    public InputStream open(Digest digest) throws IOException {
        try {
            return new VerifiedInputStream(new FileInputStream(file(digest).toFile()), digest);
        } catch (FileNotFoundException e) {
            throw contains(digest) ? StoreFailure.reading("blob " + digest, file(digest), e) : missing(digest);
        }
    }

    /**
     * A whole document, checked.
     *
     * @param longest the length that is still read
     * @throws CaissonException CORRUPT when it is missing, damaged or too long
     */
    byte[] document(Descriptor document, int longest) {
        Digest digest = document.digest();
        if (document.size() > longest) {
            throw new CaissonException(
                    ErrorKind.CORRUPT,
                    "document " + digest + " is said to have " + document.size() + " bytes; " + longest
                            + " is the most a manifest or configuration may have");
        }
        try (var in = new FileInputStream(file(digest).toFile())) {
            byte[] bytes = in.readNBytes((int) document.size() + 1);
            if (bytes.length != document.size()) {
                throw damaged(digest, "it does not have the " + document.size() + " bytes it should");
            }
            MessageDigest hash = Hashes.begin(digest);
            hash.update(bytes);
            Digest actual = Hashes.end(digest, hash);
            if (!actual.hex().equals(digest.hex())) {
                throw damaged(digest, "its digest is " + actual);
            }
            return bytes;
        } catch (FileNotFoundException e) {
            if (!contains(digest)) {
                throw absent(document);
            }
            throw StoreFailure.reading("blob " + digest, file(digest), e);
        } catch (IOException e) {
            throw StoreFailure.reading("blob " + digest, file(digest), e);
        }
    }

    /** Checks what can be checked of a blob without reading it. */
    void check(Descriptor blob) {
        try {
            long size = Files.readAttributes(file(blob.digest()), BasicFileAttributes.class)
                    .size();
            if (size != blob.size()) {
                throw damaged(blob.digest(), "it has " + size + " bytes instead of " + blob.size());
            }
        } catch (NoSuchFileException e) {
            throw absent(blob);
        } catch (IOException e) {
            throw StoreFailure.reading("blob " + blob.digest(), file(blob.digest()), e);
        }
    }

    private static CaissonException absent(Descriptor blob) {
        return new CaissonException(
                ErrorKind.CORRUPT,
                "blob " + blob.digest() + " (" + Quote.of(blob.mediaType())
                        + ") is missing from the image store (caisson image load FILE brings the image again)");
    }

    @Override
    public void ingest(Descriptor expected, InputStream source) throws IOException, InterruptedException {
        if (isWhole(expected)) {
            return;
        }
        String what = "blob " + expected.digest();
        long free = StoreFailure.freeSpace(root);
        if (free >= 0 && free < expected.size()) {
            throw StoreFailure.noRoom(what + " of " + expected.size() / 1024 + " KiB", root, free, null);
        }
        try (PartialFile partial = create(what, directory(expected.digest()))) {
            copy(expected, source, partial);
            try {
                partial.publish(directory(expected.digest()), expected.digest().hex());
            } catch (ClosedByInterruptException e) {
                throw interrupted(e);
            } catch (IOException e) {
                throw StoreFailure.writing(what, file(expected.digest()), e);
            }
        }
    }

    /** Whether the blob is here, undamaged. */
    private boolean isWhole(Descriptor expected) throws IOException, InterruptedException {
        Digest digest = expected.digest();
        if (!contains(digest) || size(digest) != expected.size()) {
            return false;
        }
        MessageDigest hash = Hashes.begin(digest);
        byte[] buffer = new byte[BUFFER];
        try (var in = new FileInputStream(file(digest).toFile())) {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                checkInterrupted();
                hash.update(buffer, 0, count);
            }
        }
        return Hashes.end(digest, hash).hex().equals(digest.hex());
    }

    private PartialFile create(String what, Path directory) throws InterruptedException {
        try {
            Files.createDirectories(directory);
            return partials.create();
        } catch (ClosedByInterruptException e) {
            throw interrupted(e);
        } catch (IOException e) {
            throw StoreFailure.writing(what, root, e);
        }
    }

    private static void copy(Descriptor expected, InputStream source, PartialFile partial)
            throws IOException, InterruptedException {
        Digest digest = expected.digest();
        MessageDigest hash = Hashes.begin(digest);
        byte[] buffer = new byte[BUFFER];
        long total = 0;
        for (int count = read(source, buffer); count >= 0; count = read(source, buffer)) {
            total += count;
            if (total > expected.size()) {
                throw wrong(expected, "more than the " + expected.size() + " bytes it was announced with");
            }
            hash.update(buffer, 0, count);
            try {
                partial.write(buffer, count);
            } catch (ClosedByInterruptException e) {
                throw interrupted(e);
            } catch (IOException e) {
                throw StoreFailure.writing("blob " + digest, partial.path(), e);
            }
        }
        if (total != expected.size()) {
            throw wrong(expected, total + " bytes instead of " + expected.size());
        }
        Digest actual = Hashes.end(digest, hash);
        if (!actual.hex().equals(digest.hex())) {
            throw wrong(expected, "content with the digest " + actual);
        }
    }

    private static int read(InputStream source, byte[] buffer) throws IOException, InterruptedException {
        checkInterrupted();
        try {
            return source.read(buffer);
        } catch (InterruptedIOException e) {
            throw interrupted(e);
        }
    }

    private static InterruptedException interrupted(IOException cause) {
        // An InterruptedException is thrown with the thread's flag down.
        Thread.interrupted();
        var exception = new InterruptedException();
        exception.initCause(cause);
        return exception;
    }

    private static void checkInterrupted() throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    private static CaissonException wrong(Descriptor expected, String delivered) {
        return new CaissonException(
                ErrorKind.CORRUPT, "blob " + expected.digest() + " is not what its source delivers: " + delivered);
    }
}
