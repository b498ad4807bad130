package io.caisson.rootfs.ext4.provider;

import io.caisson.rootfs.api.Layer;
import io.caisson.service.api.ProgressListener;
import io.caisson.service.api.ProgressListener.Progress;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** Tells how much of the layers has been read: at the beginning, every MiB, and at the end. */
final class ReadProgress {
    private static final long STEP = 1 << 20;

    private final ProgressListener listener;
    private final String task;
    private final long total;
    private long done;
    private long told;

    ReadProgress(ProgressListener listener, String task, List<Layer> layers) {
        this.listener = listener;
        this.task = task;
        long sum = 0;
        for (Layer layer : layers) {
            sum += layer.size();
        }
        total = sum;
        listener.progressed(new Progress(task, 0, total));
    }

    /** The same stream, counted. */
    InputStream counting(InputStream in) {
        return new FilterInputStream(in) {
            @Override
            public int read() throws IOException {
                int b = super.read();
                if (b >= 0) {
                    count(1);
                }
                return b;
            }

            @Override
            public int read(byte[] into, int at, int length) throws IOException {
                int got = super.read(into, at, length);
                if (got > 0) {
                    count(got);
                }
                return got;
            }
        };
    }

    private void count(int bytes) {
        done += bytes;
        if (done - told >= STEP) {
            told = done;
            listener.progressed(new Progress(task, Math.min(done, total), total));
        }
    }

    /** The image is whole. */
    void finished() {
        listener.progressed(new Progress(task, total, total));
    }
}
