package io.caisson.guest.grpc.provider;

import io.caisson.guest.api.GuestSecret;
import io.caisson.vm.api.InitialRamdisk;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The init's archive and, after it, one that holds the secret, which is in no file here. */
final class SecretRamdisk implements InitialRamdisk {
    private final Path base;
    private final long baseSize;
    private final byte[] rest;
    private final String identity;

    /**
     * A RAM disk.
     *
     * @param base the init's archive
     * @param digest of that archive, in hexadecimal digits
     */
    SecretRamdisk(Path base, String digest, GuestSecret secret) throws IOException {
        this.base = base;
        identity = digest + "+" + fingerprint(secret);
        baseSize = Files.size(base);
        // An archive may begin at a multiple of 4; zero bytes between archives are skipped.
        int padding = (int) (-baseSize & 3);
        byte[] archive = new NewcArchive()
                .directory("run", 0755)
                .directory("run/caisson", 0700)
                .file("run/caisson/secret", 0400, secret.toBytes())
                .finish();
        rest = new byte[padding + archive.length];
        System.arraycopy(archive, 0, rest, padding, archive.length);
    }

    /** Nothing can be learnt from it: as many bits are hashed as come out. */
    private static String fingerprint(GuestSecret secret) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(secret.toBytes()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public String identity() {
        return identity;
    }

    @Override
    public long size() {
        return baseSize + rest.length;
    }

    @Override
    public void writeTo(OutputStream target) throws IOException {
        long copied = Files.copy(base, target);
        if (copied != baseSize) {
            throw new IOException(base + " has " + copied + " bytes and had " + baseSize);
        }
        target.write(rest);
    }
}
