package io.caisson.rootfs.ext4.provider;

import io.caisson.rootfs.api.Layer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;

/** A layer in memory that counts how often it is opened. */
final class TestLayer implements Layer {
    private final String name;
    private final byte[] bytes;
    final AtomicInteger opened = new AtomicInteger();

    TestLayer(String name, byte[] bytes) {
        this.name = name;
        this.bytes = bytes;
    }

    static byte[] gzip(byte[] content) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(content);
        }
        return out.toByteArray();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String mediaType() {
        return "application/vnd.oci.image.layer.v1.tar+gzip";
    }

    @Override
    public long size() {
        return bytes.length;
    }

    @Override
    public InputStream open() throws IOException {
        opened.incrementAndGet();
        return new ByteArrayInputStream(bytes);
    }
}
